"""A server under load: how late are its answers, how many does it give, and how soon does it say that it cannot?

    python -m benchmarks.load [--products 1 20] [--seconds 20] [--edge 448] [--backbone embedded]

A server of its own on this machine; each product has one reference with eight rotations (8,192 rows at 448 px), a
photograph is a JPEG of 1024 × 1024 px, the answer JSON with the heatmap PNG. *Alone*: one caller, one after the other.
*Saturated*: eight callers that never pause; beside it the engine's own rate, by what network and search take alone.
*80 %* and *3 x*: requests are sent at that share of the saturated rate, whatever has become of those before, in turn to
all products; late is counted from when a request should have been sent. *At random times*: exponential gaps, as of
callers that know nothing of each other; beside it what a queue would give that serves one request after the other, each
in the time that the saturated rate allows, and loses nothing (simulated). *Paced*: each product's camera at its own
interval and from its own beginning, as lines run. Callers and server share the cores.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import httpx2
import numpy as np

from benchmarks.lean_client import LeanClient
from benchmarks.machine import measured_with, say
from benchmarks.served import part, server

ALONE, CALLERS, OVERLOAD, SHARE = 40, 8, 3.0, 0.8
SIDE_PX, QUALITY = 1024, 92
PACKAGES = ("torch", "openvino", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn")
ENGINE = ("backbone", "search")
SIMULATED = 200_000
JPEG = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Answer:
    """`late_s`: from when it should have been sent; `engine_ms`: what network and search took, 0 where refused."""

    status: int
    late_s: float
    engine_ms: float


Ask = Callable[[], Awaitable[Answer]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--products", type=int, nargs="*", default=[1, 20])
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--edge", type=int, default=448)
    options.add_argument("--backbone", default="embedded")
    chosen = options.parse_args()
    say(measured_with(PACKAGES))
    settings = {"BACKBONE": chosen.backbone, "SMALLER_EDGE": str(chosen.edge)}
    for products in chosen.products:
        with tempfile.TemporaryDirectory() as folder, server(Path(folder), settings) as address:
            say(f"\n{products} product(s), {chosen.backbone}, {chosen.edge} px")
            asyncio.run(_measured(address, products, chosen.seconds))


async def _measured(address: str, products: int, seconds: float) -> None:
    names = [f"part-{number}" for number in range(products)]
    with httpx2.Client(base_url=address, timeout=120, trust_env=False) as first:
        for number, name in enumerate(names):
            first.post(f"/products/{name}/references", content=_photograph(1 + number / 100)).raise_for_status()
    client = LeanClient(address)
    ask, random = _asking(client, cycle(names), _photograph(0.97)), np.random.default_rng(0)
    for _ in range(products):
        await ask()
    alone = [await ask() for _ in range(ALONE)]
    _tell("alone", alone)
    rate = await _saturated(ask, seconds, alone)
    usual_s = float(np.median([each.late_s for each in alone]))
    share = SHARE * rate
    answers, _ = await _open_loop(ask, "80 %, at random times", _at_random(random, share, seconds))
    least = _queued_p99_s(random, share, 1 / rate)
    say(f"    p99 over the median alone: {_p99_s(answers) / usual_s:.1f}; of the queue: {least / usual_s:.1f}")
    answers, _ = await _open_loop(ask, "80 %, paced", _paced(random, share, seconds, products))
    say(f"    p99 over the median alone: {_p99_s(answers) / usual_s:.1f}")
    answers, taken_s = await _open_loop(ask, "3 x, at random times", _at_random(random, OVERLOAD * rate, seconds))
    _tell_overload(answers, taken_s, rate)
    client.close()


def _photograph(brightness: float) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(part(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    pixels = cv2.convertScaleAbs(cv2.resize(pixels, (SIDE_PX, SIDE_PX)), alpha=brightness)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _asking(client: LeanClient, names: Iterator[str], photograph: bytes) -> Ask:
    async def ask() -> Answer:
        started = time.perf_counter()
        status, body = await client.post(f"/products/{next(names)}/inspect", photograph, JPEG)
        late_s = time.perf_counter() - started
        if status != 200:
            return Answer(status, late_s, 0)
        timings_ms = json.loads(body)["timings_ms"]
        return Answer(200, late_s, sum(timings_ms[stage] for stage in ENGINE))

    return ask


async def _saturated(ask: Ask, seconds: float, alone: Sequence[Answer]) -> float:
    """Inspections a second of callers that never pause."""
    until, answers = time.perf_counter() + seconds, list[Answer]()

    async def go_on() -> None:
        while time.perf_counter() < until:
            answers.append(await ask())

    started = time.perf_counter()
    await asyncio.gather(*(go_on() for _ in range(CALLERS)))
    done = [each for each in answers if each.status == 200]
    rate = len(done) / (time.perf_counter() - started)
    own = 1000 / float(np.median([each.engine_ms for each in alone]))
    _tell("saturated", answers)
    say(f"    {rate:.1f} a second; the engine alone {own:.1f}: {100 * rate / own:.0f} % of it")
    return rate


def _at_random(random: np.random.Generator, rate: float, seconds: float) -> list[float]:
    """When to send, seconds from the start: gaps that know nothing of each other."""
    times = np.cumsum(random.exponential(1 / rate, size=int(2 * rate * seconds) + 100))
    return [float(each) for each in times if each < seconds]


def _paced(random: np.random.Generator, rate: float, seconds: float, cameras: int) -> list[float]:
    """As above: each camera at its own interval, which differs by up to a tenth, from its own beginning."""
    times = list[float]()
    for _ in range(cameras):
        interval_s = cameras / rate * random.uniform(0.95, 1.05)
        times += np.arange(random.uniform(0, interval_s), seconds, interval_s).tolist()
    return sorted(times)


def _queued_p99_s(random: np.random.Generator, rate: float, service_s: float) -> float:
    """Of requests at random times that are served one after the other, each in `service_s`: how late 99 % are."""
    done, late = 0.0, []
    for came in np.cumsum(random.exponential(1 / rate, size=SIMULATED)):
        done = max(done, came) + service_s
        late.append(done - came)
    return float(np.percentile(late, 99))


async def _open_loop(ask: Ask, name: str, times: Sequence[float]) -> tuple[list[Answer], float]:
    """What was answered, and how long it took, s. `times`: when to send, seconds from the start."""
    answers, started = list[Answer](), time.perf_counter()

    async def send(due: float) -> None:
        lag_s = time.perf_counter() - due
        answer = await ask()
        answers.append(Answer(answer.status, answer.late_s + lag_s, answer.engine_ms))

    async with asyncio.TaskGroup() as sent:
        for after_s in times:
            due = started + after_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent.create_task(send(due))
    taken_s = time.perf_counter() - started
    _tell(f"{name} ({len(times) / times[-1]:.1f} a second)", answers)
    return answers, taken_s


def _tell_overload(answers: Sequence[Answer], taken_s: float, possible: float) -> None:
    """`possible`: the saturated rate."""
    done = [each for each in answers if each.status == 200]
    refused = [1000 * each.late_s for each in answers if each.status != 200]
    told = f"refused within {_percentile(refused, 50):.0f} ms (median), {_percentile(refused, 95):.0f} (95 %)"
    say(f"    answered {100 * len(done) / taken_s / possible:.0f} % of the saturated rate; {told}")


def _p99_s(answers: Sequence[Answer]) -> float:
    return _percentile([each.late_s for each in answers if each.status == 200], 99)


def _tell(name: str, answers: Sequence[Answer]) -> None:
    done = [1000 * each.late_s for each in answers if each.status == 200]
    p50, p95, p99 = (_percentile(done, share) for share in (50, 95, 99))
    refused = len(answers) - len(done)
    say(f"  {name:<38} p50 {p50:6.0f}  p95 {p95:6.0f}  p99 {p99:6.0f} ms; {refused} of {len(answers)} refused")


def _percentile(values: Sequence[float], share: float) -> float:
    """Of none: not a number."""
    return float(np.percentile(values, share)) if values else float("nan")


if __name__ == "__main__":
    main()
