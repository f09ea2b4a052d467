"""A server under load: how late are its answers, how many does it give, and how soon does it say that it cannot?

    python -m benchmarks.load [--products 1 20] [--seconds 20] [--edge 448] [--backbone embedded]

A server of its own on this machine; each product has one reference with eight rotations (8,192 rows at 448 px), a
photograph is a JPEG of 1024 × 1024 px, the answer JSON with the heatmap PNG. *Alone*: one caller, one after the other.
*Saturated*: eight callers that never pause; beside it the engine's own rate, by what network and search take alone.
*80 %* and *3 x*: requests are sent at random times (exponential gaps) at that share of the saturated rate, whatever has
become of those before, and in turn to all products; late is counted from when a request should have been sent. Callers
and server share the cores, so all of it is what such a machine can do with both.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import httpx2
import numpy as np

from benchmarks.machine import measured_with, say
from benchmarks.served import part, server

ALONE, CALLERS, OVERLOAD, SHARE = 40, 8, 3.0, 0.8
SIDE_PX, QUALITY = 1024, 92
PACKAGES = ("torch", "openvino", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn")
ENGINE = ("backbone", "search")
CONNECTIONS = httpx2.Limits(max_connections=512)


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
    async with httpx2.AsyncClient(base_url=address, timeout=120, trust_env=False, limits=CONNECTIONS) as client:
        names = [f"part-{number}" for number in range(products)]
        for number, name in enumerate(names):
            answer = await client.post(f"/products/{name}/references", content=_photograph(1 + number / 100))
            answer.raise_for_status()
        ask = _asking(client, cycle(names), _photograph(0.97))
        for _ in range(products):
            await ask()
        alone = [await ask() for _ in range(ALONE)]
        _tell("alone", alone)
        rate = await _saturated(ask, seconds, alone)
        await _open_loop(ask, "80 % of it", SHARE * rate, seconds, alone)
        await _open_loop(ask, "3 x", OVERLOAD * rate, seconds, alone, rate)


def _photograph(brightness: float) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(part(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    pixels = cv2.convertScaleAbs(cv2.resize(pixels, (SIDE_PX, SIDE_PX)), alpha=brightness)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _asking(client: httpx2.AsyncClient, names: Iterator[str], photograph: bytes) -> Ask:
    async def ask() -> Answer:
        started = time.perf_counter()
        answer = await client.post(f"/products/{next(names)}/inspect", content=photograph)
        late_s = time.perf_counter() - started
        if answer.status_code != 200:
            return Answer(answer.status_code, late_s, 0)
        timings_ms = answer.json()["timings_ms"]
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


async def _open_loop(
    ask: Ask, name: str, rate: float, seconds: float, alone: Sequence[Answer], possible: float | None = None
) -> None:
    gaps, answers = np.random.default_rng(0), list[Answer]()
    started = due = time.perf_counter()

    async def send(due: float) -> None:
        lag_s = time.perf_counter() - due
        answer = await ask()
        answers.append(Answer(answer.status, answer.late_s + lag_s, answer.engine_ms))

    async with asyncio.TaskGroup() as sent:
        while due < started + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent.create_task(send(due))
            due += float(gaps.exponential(1 / rate))
    taken_s = time.perf_counter() - started
    done = [each.late_s for each in answers if each.status == 200]
    _tell(f"{name} ({rate:.1f} a second)", answers)
    if possible is None:
        usual = float(np.median([each.late_s for each in alone]))
        say(f"    99th percentile of the answered over the median alone: {_percentile(done, 99) / usual:.1f}")
        return
    refused = [1000 * each.late_s for each in answers if each.status != 200]
    told = f"refused within {_percentile(refused, 50):.0f} ms (median), {_percentile(refused, 95):.0f} (95 %)"
    say(f"    answered {100 * len(done) / taken_s / possible:.0f} % of the saturated rate; {told}")


def _tell(name: str, answers: Sequence[Answer]) -> None:
    done = [1000 * each.late_s for each in answers if each.status == 200]
    p50, p95, p99 = (_percentile(done, share) for share in (50, 95, 99))
    refused = len(answers) - len(done)
    say(f"  {name:<28} p50 {p50:6.0f}  p95 {p95:6.0f}  p99 {p99:6.0f} ms; {refused} of {len(answers)} refused")


def _percentile(values: Sequence[float], share: float) -> float:
    """Of none: not a number."""
    return float(np.percentile(values, share)) if values else float("nan")


if __name__ == "__main__":
    main()
