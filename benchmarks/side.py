"""One way of doing the work, in a process of its own, so that neither side sees the other's libraries and settings."""

import importlib
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, Protocol

Work = Literal["register", "inspect"]


@dataclass(frozen=True, slots=True)
class Job:
    """What both sides work on. `folder` is theirs to write to; `threads` 0 leaves the libraries' defaults. `engine`:
    `auto`, what serves, or `torch`; of our side only."""

    reference: Path
    test: Path
    folder: Path
    smaller_edge: int
    device: str
    precision: str
    threads: int
    engine: str = "torch"
    authors: Path | None = None
    dinov2: Path | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds by the wall clock, and of processor time over all threads."""

    wall_ms: float
    cpu_ms: float


class Stopwatch:
    """Time per stage. A stage entered again adds up."""

    def __init__(self) -> None:
        self.stages: dict[str, Spent] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        before = self.stages.get(name, Spent(0, 0))
        wall_ms, cpu_ms = 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)
        self.stages[name] = Spent(before.wall_ms + wall_ms, before.cpu_ms + cpu_ms)


class Steps(Protocol):
    """The work, stage by stage. `inspect` searches the bank that `register` left."""

    def register(self, clock: Stopwatch) -> float:
        """Register one reference with its rotations; the bank's rows."""
        ...

    def inspect(self, clock: Stopwatch) -> float:
        """Inspect one photograph; its image score."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one piece of work gave, and what it took."""

    result: float
    stages: dict[str, Spent]


class Side:
    """A process that has made the `Steps` of a module and does work when asked."""

    def __init__(self, module: str, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(module, job, far_end), daemon=True)
        self._process.start()
        far_end.close()

    def do(self, work: Work) -> Outcome:
        """Have it done. EOFError where the process has died; it has said why."""
        self._pipe.send(work)
        outcome = self._pipe.recv()
        assert isinstance(outcome, Outcome)
        return outcome

    def close(self) -> None:
        self._pipe.close()
        self._process.join()


def _serve(module: str, job: Job, pipe: Connection) -> None:
    steps: Steps = importlib.import_module(module).make_steps(job)
    with pipe:
        while True:
            try:
                work: Work = pipe.recv()
            except EOFError:
                return
            clock = Stopwatch()
            result = steps.register(clock) if work == "register" else steps.inspect(clock)
            pipe.send(Outcome(result, clock.stages))
