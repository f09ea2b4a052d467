"""What an evaluation shows while it runs: a bar in a terminal, a line every few seconds elsewhere. All on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

LINE_EVERY_S = 30.0


@contextmanager
def evaluation_display(line_every_s: float = LINE_EVERY_S) -> "Iterator[Bar | Lines]":
    """Shows how far the evaluation is, and the time left."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(line_every_s)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with RichProgress(TextColumn("{task.description}"), *columns, console=console) as progress:
        yield Bar(progress)


class Bar:
    def __init__(self, progress: RichProgress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("reading the folders", total=None)

    def begin(self, steps: int) -> None:
        self._progress.update(self._task, total=steps)

    def at(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def advance(self, steps: int) -> None:
        self._progress.advance(self._task, steps)


class Lines:
    def __init__(self, line_every_s: float = LINE_EVERY_S) -> None:
        self._line_every_s = line_every_s
        self._steps, self._done = 0, 0
        self._what = ""
        self._started_s = self._last_line_s = time.monotonic()

    def begin(self, steps: int) -> None:
        self._steps = steps
        self._started_s = time.monotonic()

    def at(self, what: str) -> None:
        self._what = what
        self._say()

    def advance(self, steps: int) -> None:
        self._done += steps
        if time.monotonic() - self._last_line_s >= self._line_every_s:
            self._say()

    def _say(self) -> None:
        self._last_line_s = time.monotonic()
        took_s = self._last_line_s - self._started_s
        left = ""
        if self._done:
            left_s = round(took_s / self._done * (self._steps - self._done))
            left = f", {timedelta(seconds=left_s)} left"
        typer.echo(f"{self._what}: {self._done} of {self._steps} steps{left}", err=True)
