"""What computes: one engine thread, the backbones, the device."""

from app.service.accelerator.backbones import Backbones
from app.service.accelerator.engine_thread import EngineThread, Priority
from app.service.accelerator.pieces import Pieces


class Accelerator:
    """The device of this process, the one thread that uses it, and the backbones that are loaded on it."""

    def __init__(self, backbones: Backbones, device: str) -> None:
        self.backbones = backbones
        self.device = device
        self.engine = EngineThread()

    def pieces(self, priority: Priority) -> Pieces:
        """For work that lets inspections through."""
        return Pieces(self.engine, priority, self.device)
