"""What a transfer shows while it runs: a bar in a terminal, a line every few seconds elsewhere. All on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichProgress

from app.weights.files import Progress, Step

LINE_EVERY_S = 5.0


@contextmanager
def transfer_display(name: str, line_every_s: float = LINE_EVERY_S) -> Iterator[Progress]:
    """A progress callback that shows how far the weights of `name` are, with rate and time left."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(name, line_every_s)
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with RichProgress(TextColumn("{task.description}"), *columns, console=console, transient=True) as progress:
        yield _Bar(name, progress)


class _Bar:
    def __init__(self, name: str, progress: RichProgress) -> None:
        self._name = name
        self._progress = progress
        self._step: Step | None = None
        self._task: TaskID = progress.add_task(name, total=None)

    def __call__(self, step: Step, done_bytes: int, total_bytes: int | None) -> None:
        if step != self._step:
            # A reset, so that bytes held from an earlier start do not count into the rate.
            self._step = step
            self._progress.reset(self._task, description=f"{step} {self._name}", completed=done_bytes)
        self._progress.update(self._task, completed=done_bytes, total=total_bytes)


class _Lines:
    def __init__(self, name: str, line_every_s: float) -> None:
        self._name = name
        self._line_every_s = line_every_s
        self._step: Step | None = None
        self._start_s = self._last_line_s = 0.0
        self._start_bytes = 0

    def __call__(self, step: Step, done_bytes: int, total_bytes: int | None) -> None:
        now_s = time.monotonic()
        if step != self._step:
            self._step, self._start_bytes = step, done_bytes
            self._start_s = self._last_line_s = now_s
            if step == "waiting":
                typer.echo(f"{self._name}: waiting for another fetch of it to end", err=True)
        elif now_s - self._last_line_s >= self._line_every_s or (step == "downloading" and done_bytes == total_bytes):
            self._last_line_s = now_s
            rate = (done_bytes - self._start_bytes) / max(now_s - self._start_s, 1e-6)
            typer.echo(f"{self._name}: {step} {_amount(done_bytes, total_bytes, rate)}", err=True)


def _amount(done_bytes: int, total_bytes: int | None, bytes_per_s: float) -> str:
    rate = f"{decimal(int(bytes_per_s))}/s"
    if total_bytes is None:
        return f"{decimal(done_bytes)}, {rate}"
    left_s = (total_bytes - done_bytes) / max(bytes_per_s, 1.0)
    share = 100 * done_bytes // max(total_bytes, 1)
    return f"{decimal(done_bytes)} of {decimal(total_bytes)} ({share} %), {rate}, {left_s:.0f} s left"
