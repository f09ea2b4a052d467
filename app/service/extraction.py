"""References to patch features, in pieces that let inspections through."""

from collections.abc import Sequence

from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features, reference_input
from app.engine.options import Preprocessing
from app.engine.types import Image, PatchFeatures
from app.service.engine_thread import EngineThread, Priority

GPU_ANGLES_PER_PASS = 8


class ReferenceExtractor:
    """Makes a reference's patch features on the engine thread, one forward pass a piece.

    On the CPU a pass takes one image: a batch gains nothing there and would keep inspections waiting.
    """

    def __init__(self, engine: EngineThread, device: str) -> None:
        self._engine = engine
        self._angles_per_pass = 1 if device == "cpu" else GPU_ANGLES_PER_PASS

    def features(
        self, image: Image, angles_deg: Sequence[float], preprocessing: Preprocessing, backbone: Backbone
    ) -> list[PatchFeatures]:
        """Patch features of the image at each angle, in order."""
        found: list[PatchFeatures] = []
        for start in range(0, len(angles_deg), self._angles_per_pass):
            some = angles_deg[start : start + self._angles_per_pass]
            inputs = [reference_input(image, angle_deg, preprocessing, backbone) for angle_deg in some]
            found += self._engine.run(Priority.REGISTRATION, patch_features, backbone, inputs)
        return found
