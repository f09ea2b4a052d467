"""What becomes of a registration beside a line that never pauses, of the line beside it, and of 45 callers at once?

    python -m benchmarks.busy_line [--edge 256 448] [--clients 1 2 4 8] [--slow-edge 1344]

Starts servers of its own on this machine (embedded backbone, one thread). A registration is one reference with eight
rotations, for another product. Times with and without the other side come from the same server, in turns.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.machine import measured_with, say
from benchmarks.served import part, reference, server

ROUNDS = 2
ALONE_S = 5.0
GIVEN_UP_S = 30.0
"""A registration that is not done by then counts as starved: the line is stopped so that it ends."""

CALLERS_AT_ONCE = 45
PATIENCE_S = 15.0
CONNECTIONS = httpx2.Limits(max_connections=64)
_numbers = count(1)

Answer = tuple[float, float, int]
"""When an inspection was sent and answered, s, and with what status."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--edge", type=int, nargs="*", default=[256, 448])
    options.add_argument("--clients", type=int, nargs="*", default=[1, 2, 4, 8])
    options.add_argument("--slow-edge", type=int, default=1344)
    chosen = options.parse_args()
    say(measured_with(["torch", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn"]))
    for edge in chosen.edge:
        say(f"\n{edge} px, one reference registered beside clients that never pause")
        say(" clients  registered alone, s  beside, s  ratio   line alone, p95 ms  beside, p95 ms  ratio")
        for clients in chosen.clients:
            with served(edge) as client:
                starvation(client, clients)
    say(f"\n{chosen.slow_edge} px, waits")
    say(" callers                       p50, s  p95, s  slowest, s  answered 503")
    with served(chosen.slow_edge) as client:
        waits(client)


@contextmanager
def served(edge: int) -> Iterator[httpx2.Client]:
    settings = {"BACKBONE": "embedded", "THREADS": "1", "SMALLER_EDGE": str(edge)}
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder), settings) as address,
        httpx2.Client(base_url=address, timeout=600, trust_env=False, limits=CONNECTIONS) as client,
    ):
        client.post("/products/line/references", content=reference(0)).raise_for_status()
        yield client


def starvation(client: httpx2.Client, clients: int) -> None:
    alone_s, beside_s, quiet, busy = [], [], [], []
    for _ in range(ROUNDS):
        alone_s.append(register_s(client))
        with line(client, clients) as answers:
            time.sleep(1)
            quiet += within(answers, time.perf_counter(), ALONE_S)
            started = time.perf_counter()
            registration = threading.Thread(target=lambda: beside_s.append(register_s(client)))
            registration.start()
            registration.join(GIVEN_UP_S)
            busy += [each for each in answers if started <= each[0] and each[1] <= time.perf_counter()]
        registration.join()
    alone, beside = float(np.median(alone_s)), float(np.median(beside_s))
    before, after = (1000 * float(np.percentile([end - start for start, end, _ in each], 95)) for each in (quiet, busy))
    starved = ">" if max(beside_s) > GIVEN_UP_S else " "
    say(
        f"{clients:8} {alone:21.2f} {starved}{beside:9.2f} {beside / alone:6.1f} {before:20.0f} {after:15.0f}"
        f" {after / before:6.2f}"
    )


def waits(client: httpx2.Client) -> None:
    with line(client, 8) as answers:
        time.sleep(30)
    told("8, on and on, for 30 s", answers)
    at_once(client, "45 at once, no retry", patience_s=0)
    at_once(client, f"45 at once, retry for {PATIENCE_S:.0f} s", patience_s=PATIENCE_S)


def at_once(client: httpx2.Client, name: str, patience_s: float) -> None:
    """Each of the callers sends one image, and again after Retry-After while it has patience."""

    def call(_: int) -> list[Answer]:
        answers = [inspect(client)]
        while answers[-1][2] != 200 and time.perf_counter() - answers[0][0] < patience_s:
            time.sleep(1)
            answers.append(inspect(client))
        return answers

    with ThreadPoolExecutor(CALLERS_AT_ONCE) as pool:
        calls = list(pool.map(call, range(CALLERS_AT_ONCE)))
    told(name, [answer for answers in calls for answer in answers])
    if patience_s:
        say(f"   of these callers {sum(answers[-1][2] == 200 for answers in calls)} had a verdict in the end")


def told(name: str, answers: list[Answer]) -> None:
    waited = [end - start for start, end, _ in answers]
    refused = sum(status == 503 for *_, status in answers)
    p50, p95 = np.percentile(waited, [50, 95])
    say(f" {name:28} {p50:7.2f} {p95:7.2f} {max(waited):11.2f} {refused:7} of {len(answers)}")


@contextmanager
def line(client: httpx2.Client, clients: int) -> Iterator[list[Answer]]:
    """Callers that inspect without pause; what they were answered so far."""
    answers: list[Answer] = []
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            answers.append(inspect(client))
            stop.wait(0 if answers[-1][2] == 200 else 1)

    callers = [threading.Thread(target=go_on) for _ in range(clients)]
    for caller in callers:
        caller.start()
    try:
        yield answers
    finally:
        stop.set()
        for caller in callers:
            caller.join()


def within(answers: list[Answer], start: float, seconds: float) -> list[Answer]:
    time.sleep(seconds)
    return [each for each in answers if start <= each[0]]


def inspect(client: httpx2.Client) -> Answer:
    started = time.perf_counter()
    status = client.post("/products/line/inspect", content=part()).status_code
    return started, time.perf_counter(), status


def register_s(client: httpx2.Client) -> float:
    number = next(_numbers)
    started = time.perf_counter()
    client.post(f"/products/other-{number}/references", content=reference(number)).raise_for_status()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
