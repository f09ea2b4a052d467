"""References to patch features, in pieces that let inspections through."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features, reference_input
from app.engine.masking import foreground_mask
from app.engine.options import Preprocessing
from app.engine.types import Image, Mask, ModelInput, PatchFeatures
from app.service.engine_thread import EngineThread, Priority

GPU_ANGLES_PER_PASS = 8


@dataclass(frozen=True, slots=True)
class Rotated:
    """What is made of one rotation of a reference: its patch features and its foreground mask."""

    features: PatchFeatures
    mask: Mask


class ReferenceExtractor:
    """Makes a reference's patch features and masks, one forward pass a piece.

    On a GPU one pass takes all angles, and only the pass itself is the engine thread's. On the CPU a pass takes one
    angle (a batch gains nothing there and keeps inspections waiting), and turning, preprocessing and masking belong to
    the piece: beside an inspection they would take its cores.
    """

    def __init__(self, engine: EngineThread, device: str) -> None:
        self._engine = engine
        self._on_cpu = device == "cpu"

    def rotations(
        self, image: Image, angles_deg: Sequence[float], preprocessing: Preprocessing, backbone: Backbone
    ) -> list[Rotated]:
        """The reference at each angle, in order. The masks are those of the robust profile: only it compares with
        the foreground of references."""

        def turned(some: Sequence[float]) -> list[ModelInput]:
            return [reference_input(image, angle_deg, preprocessing, backbone) for angle_deg in some]

        def masked(features: Sequence[PatchFeatures]) -> list[Rotated]:
            return [Rotated(each, foreground_mask(each, backbone.spec, "robust")) for each in features]

        if not self._on_cpu:
            found = []
            for start in range(0, len(angles_deg), GPU_ANGLES_PER_PASS):
                inputs = turned(angles_deg[start : start + GPU_ANGLES_PER_PASS])
                found += self._engine.run(Priority.REGISTRATION, patch_features, backbone, inputs)
            return masked(found)
        return [
            self._engine.run(
                Priority.REGISTRATION, lambda some: masked(patch_features(backbone, turned(some))), [angle]
            )[0]
            for angle in angles_deg
        ]
