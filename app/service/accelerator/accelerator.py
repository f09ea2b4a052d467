"""What computes: one engine thread, the backbones, the device."""

from app.service.accelerator.backbones import Backbones
from app.service.accelerator.batches import Batches
from app.service.accelerator.engine_thread import EngineThread, Priority
from app.service.accelerator.pieces import Pieces
from app.service.limits import Batching


class Accelerator:
    """The device of this process, the one thread that uses it, and the backbones that are loaded on it."""

    def __init__(self, backbones: Backbones, device: str, background_share: float, batching: Batching) -> None:
        """`background_share` (0..1) of the engine's time is for what is no inspection, once that waits; `batching`: how
        inspections share passes."""
        self.backbones = backbones
        self.device = device
        self.engine = EngineThread(background_share)
        self.batches = Batches(self.engine, batching)
        if device == "cpu":
            # A pass takes as long as an inspection there; on a GPU it is short, and cut up it would be slower.
            backbones.pause_by(self.engine.let_inspections_through)

    def pieces(self, priority: Priority) -> Pieces:
        """For work that lets inspections through."""
        return Pieces(self.engine, priority, self.device)
