"""How long until a server answers, and until it has judged a photograph?

    python -m benchmarks.cold_start [--rounds 3] [--edge 448] [--backbone embedded] [--references 8]

Servers of its own on this machine, one after the other, on a store with one product of so many references at eight
rotations. *First*: nothing is compiled yet. *Next*: compiled networks are there. *Torch*: `INSPECTOR_ENGINE=torch`.
Printed, medians in seconds from the start of the process: until it says that it runs, until it has answered the first
inspection (its bank is loaded by then), and what the next inspection takes; and the computing time of the process, its
end included.
"""

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.machine import measured_with, say
from benchmarks.served import inspect_ms, part, reference, server

PACKAGES = ("torch", "openvino", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn")
COMPILED = "compiled"


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of the process; `computed_s` is what all its threads took until its end."""

    ready_s: float
    first_answer_s: float
    next_ms: float
    computed_s: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--edge", type=int, default=448)
    options.add_argument("--backbone", default="embedded")
    options.add_argument("--references", type=int, default=8)
    chosen = options.parse_args()
    say(measured_with(PACKAGES))
    settings = {"BACKBONE": chosen.backbone, "SMALLER_EDGE": str(chosen.edge)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _register(folder, settings, chosen.references)
        compiled = folder / "store" / COMPILED
        for name, before, more in (
            ("first", lambda: shutil.rmtree(compiled), {}),
            ("next", lambda: None, {}),
            ("torch", lambda: None, {"ENGINE": "torch"}),
        ):
            _tell(name, [_start(folder, {**settings, **more}, before) for _ in range(chosen.rounds)])


def _register(folder: Path, settings: dict[str, str], references: int) -> None:
    with server(folder, settings) as address, httpx2.Client(base_url=address, timeout=600, trust_env=False) as client:
        for number in range(references):
            client.post("/products/part/references", content=reference(number)).raise_for_status()
        inspect_ms(client, "part", part())


def _start(folder: Path, settings: dict[str, str], before: Callable[[], None]) -> Start:
    before()
    spent_s, started = _children_s(), time.perf_counter()
    with server(folder, settings) as address, httpx2.Client(base_url=address, timeout=600, trust_env=False) as client:
        ready_s = time.perf_counter() - started
        inspect_ms(client, "part", part())
        first_s = time.perf_counter() - started
        next_ms = inspect_ms(client, "part", part())
    return Start(ready_s, first_s, next_ms, _children_s() - spent_s)


def _children_s() -> float:
    """What the servers that have ended have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(name: str, starts: list[Start]) -> None:
    ready_s, first_s, next_ms, computed_s = np.median([astuple(each) for each in starts], axis=0)
    say(
        f"{name:<6} ready {ready_s:5.1f} s, first answer {first_s:5.1f} s ({computed_s:.1f} s computed), the next one "
        f"{next_ms:.0f} ms"
    )


if __name__ == "__main__":
    main()
