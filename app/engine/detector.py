"""The method as one façade: what the golden vectors check, stage by stage."""

from collections.abc import Sequence

import numpy as np

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT, Backbone, DeviceBackbone
from app.engine.bank.bank import MemoryBank, Segment, segment
from app.engine.bank.certified import Deciding
from app.engine.bank.near import NO_ROW, Places
from app.engine.bank.rows import comparable, under
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.methods.known import metric_of
from app.engine.methods.patchcore import score_weights
from app.engine.options import Preprocessing
from app.engine.photograph.augment import rotate
from app.engine.photograph.preprocess import normalised, preprocess
from app.engine.types import Image, Mask, ModelInput, PatchDistances, PatchFeatures


def patch_features(backbone: Backbone, inputs: list[ModelInput]) -> list[PatchFeatures]:
    """Raw patch features of preprocessed images of one size, in one forward pass. They stay on the GPU that makes them,
    as far as the backbone itself does."""
    if isinstance(backbone, DeviceBackbone) and backbone.device.type != "cpu":
        return placed_features(backbone, inputs)
    values = backbone.extract(np.stack([each.tensor for each in inputs]))
    return [PatchFeatures(value, each.geometry) for value, each in zip(values, inputs, strict=True)]


def placed_features(backbone: DeviceBackbone, inputs: Sequence[ModelInput]) -> list[PatchFeatures]:
    """The same where the backbone is, whatever device that is: only pixels go there, as bytes. GpuOutOfMemory."""
    with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
        pixels = torch.stack([torch.from_numpy(each.pixels) for each in inputs]).to(backbone.device)
        rows = backbone.features(normalised(pixels, backbone.spec)).float()
    return [PatchFeatures(each, given.geometry) for each, given in zip(rows, inputs, strict=True)]


def reference_input(image: Image, angle_deg: float, preprocessing: Preprocessing, backbone: Backbone) -> ModelInput:
    """One rotation of a reference, made at full resolution and then preprocessed (ALGORITHM 1.2)."""
    return preprocess(rotate(image, angle_deg), preprocessing.smaller_edge, backbone.spec, preprocessing.fit)


def reference_features(image: Image, preprocessing: Preprocessing, backbone: Backbone) -> list[PatchFeatures]:
    """Patch features of a reference at every angle, in the order of the angles."""
    return [
        patch_features(backbone, [reference_input(image, angle_deg, preprocessing, backbone)])[0]
        for angle_deg in preprocessing.angles_deg
    ]


def reference_segment(image: Image, preprocessing: Preprocessing, backbone: Backbone) -> Segment:
    """A reference's share of the memory bank."""
    features = reference_features(image, preprocessing, backbone)
    return segment(features, preprocessing.angles_deg, metric=metric_of(preprocessing))


def patch_distances(
    features: PatchFeatures,
    bank: MemoryBank,
    mask: Mask,
    *,
    weighed: Sequence[Mask] = (),
    deciding: Deciding | None = None,
) -> PatchDistances:
    """Distance of every foreground patch to the bank (ALGORITHM 5.1); where no row is near its place, the largest that
    there may be. `weighed`: the masks under which the largest distance gets its weight, for a method that weighs.
    `deciding`: a bank with lists may tell upper bounds of what decides nothing; never of weighed distances."""
    grid = features.geometry.grid
    values, nearest = np.zeros(grid.patches, np.float32), np.full(grid.patches, NO_ROW, np.int64)
    queries = comparable(under(mask, features.rows), bank.metric)
    if deciding is not None and bank.certifies and not weighed and len(queries):
        found = bank.decided(queries, deciding)
        values[mask], nearest[mask] = found.values, found.nearest
        return PatchDistances(values, nearest)
    values[mask], nearest[mask] = bank.nearest(queries, Places(grid, np.flatnonzero(mask)))
    if (alone := nearest[mask] == NO_ROW).any():
        values[mask & (nearest == NO_ROW)] = bank.farthest(queries[alone])
    weights = score_weights(features.values, values, bank, weighed, grid) if weighed else None
    return PatchDistances(values, nearest, weights)
