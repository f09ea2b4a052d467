"""References to patch features, in pieces that let inspections through."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.spec import BackboneSpec
from app.engine.detector import patch_features, reference_input
from app.engine.masking.foreground import foreground_mask
from app.engine.masking.masking_test import masking_test
from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing, Profile
from app.engine.types import Image, Mask, PatchFeatures
from app.service.accelerator.pieces import Pieces

GPU_ANGLES_PER_PASS = 8


@dataclass(frozen=True, slots=True)
class Rotated:
    """What is made of one rotation of a reference: its patch features and its foreground mask."""

    features: PatchFeatures
    mask: Mask


class ReferenceExtractor:
    """Makes a reference's patch features and masks, one forward pass a piece.

    On a GPU one pass takes all angles, and only the pass itself is the engine thread's. On the CPU a pass takes one
    angle (a batch gains nothing there and keeps inspections waiting), and turning, preprocessing and masking are
    pieces too: beside an inspection they would take its cores.
    """

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def rotations(
        self, image: Image, angles_deg: Sequence[float], preprocessing: Preprocessing, backbone: Backbone
    ) -> list[Rotated]:
        """The reference at each angle, in order. The masks are those of the robust profile: only it compares with
        the foreground of references."""

        step = 1 if self._pieces.on_cpu else GPU_ANGLES_PER_PASS
        found: list[PatchFeatures] = []
        for start in range(0, len(angles_deg), step):
            some = angles_deg[start : start + step]
            inputs = [self._pieces.beside(reference_input, image, angle, preprocessing, backbone) for angle in some]
            found += self._pieces.run(patch_features, backbone, inputs)
        return [Rotated(each, self._pieces.beside(foreground_mask, each, backbone.spec, "robust")) for each in found]


def tested_masks(
    rotations: Sequence[Rotated], spec: BackboneSpec, profile: Profile
) -> tuple[MaskingVerdict, list[Mask]]:
    """Whether the masks that `profile` makes can be trusted, and those masks; the image at `ROTATION_ANGLES_DEG`."""
    masks = [each.mask if profile == "robust" else foreground_mask(each.features, spec, profile) for each in rotations]
    return masking_test([each.features for each in rotations], masks, ROTATION_ANGLES_DEG), masks
