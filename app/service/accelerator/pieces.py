"""Work that is no inspection, in pieces that let inspections through."""

from collections.abc import Callable
from typing import TypeVar

from app.service.accelerator.engine_thread import EngineThread, Priority

Result = TypeVar("Result")


class Pieces:
    """The pieces of one kind of work: those for the accelerator, and the steps beside them."""

    def __init__(self, engine: EngineThread, priority: Priority, device: str) -> None:
        self._engine = engine
        self._priority = priority
        self.device = device
        self.on_cpu = device == "cpu"

    def run(self, step: Callable[..., Result], *arguments: object) -> Result:
        """A forward pass or a search chunk, on the engine thread. Raises Draining, and what the step raises."""
        return self._engine.run(self._priority, step, *arguments)

    def beside(self, step: Callable[..., Result], *arguments: object) -> Result:
        """Any other step: on the CPU a piece of its own, because beside an inspection it would take its cores; on a GPU
        at once, on the caller's thread."""
        return self.run(step, *arguments) if self.on_cpu else step(*arguments)
