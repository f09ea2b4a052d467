"""The masking test: are the foreground masks of a product good enough to be used? (ALGORITHM 3.5)"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from app.engine.masking.agreement import rotation_agreement
from app.engine.masking.grid import border, component_count
from app.engine.masking.verdict import MaskingVerdict
from app.engine.types import Grid, Mask, PatchFeatures


@dataclass(frozen=True, slots=True)
class Range:
    """Where a number of the masking test must lie, ends included, and why."""

    low: float
    high: float
    reason: str


ACCEPTED = MappingProxyType(
    {
        "smallest_foreground_fraction": Range(
            0.03, 1.0, "smaller islands cannot be told from artefacts, and the image score averages 1 % of the patches"
        ),
        "largest_foreground_fraction": Range(
            0.0, 0.5, "a close-up: the component then tells parts of the object apart, not object and background"
        ),
        "border_contact": Range(
            0.0, 0.12, "an object lies inside the image; a texture, or one too large for it, runs off the edge"
        ),
        "components": Range(1.0, 8.0, "one part or a few of them; more islands than that are a texture"),
        "rotation_agreement": Range(0.73, 1.0, "the mask of an object turns with the image"),
        "background_spread": Range(
            0.0, 0.86, "what is masked away must be plainer than the image as a whole, or it is part of the object"
        ),
    }
)
"""The ranges, by the name of the number; measured on objects and textures in `benchmarks/masking_test.py`."""


def masking_test(
    features: Sequence[PatchFeatures], masks: Sequence[Mask], angles_deg: Sequence[float]
) -> MaskingVerdict:
    """Decide whether foreground masks can be used for a product.

    Args:
        features: of one reference at each of `angles_deg`, the unrotated image first; at least two.
        masks: of the same images, as `foreground_mask` makes them under the profile that would use them.
        angles_deg: counter-clockwise, the first one 0.

    The numbers, each over all angles: `smallest_foreground_fraction` and `largest_foreground_fraction` (share of the
    patches, 0..1), `border_contact` (median share of the border patches in the mask, 0..1), `components` (median
    count), `rotation_agreement` (0..1), `background_spread` (median; squared deviation of the background's features
    from their mean over that of all features, 1 = as varied as the image).
    """
    if len(features) < 2 or angles_deg[0] != 0:
        raise ValueError("The masking test needs the unrotated reference first, and at least one rotation of it.")
    geometry = features[0].geometry
    fractions = [float(mask.mean()) for mask in masks]
    numbers = {
        "smallest_foreground_fraction": min(fractions),
        "largest_foreground_fraction": max(fractions),
        "border_contact": float(np.median([mask[border(geometry.grid)].mean() for mask in masks])),
        "components": float(np.median([_components(mask, geometry.grid) for mask in masks])),
        "rotation_agreement": rotation_agreement(masks, angles_deg, geometry),
        "background_spread": float(
            np.median([background_spread(each, mask) for each, mask in zip(features, masks, strict=True)])
        ),
    }
    failed = tuple(name for name, span in ACCEPTED.items() if not span.low <= numbers[name] <= span.high)
    return MaskingVerdict(not failed, numbers, failed)


def background_spread(features: PatchFeatures, mask: Mask) -> float:
    """Mean squared deviation of the background's features from their mean, over that of all features; 0 or more.

    An image without background has a spread of 1.
    """
    if mask.all():
        return 1.0
    total = float(features.values.var(axis=0, dtype=np.float64).sum())
    background = float(features.values[~mask].var(axis=0, dtype=np.float64).sum())
    return background / total if total > 0 else 1.0


def _components(mask: Mask, grid: Grid) -> int:
    return component_count(mask.reshape(grid.rows, grid.columns))
