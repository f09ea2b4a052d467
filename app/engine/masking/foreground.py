"""Foreground mask of one image from its own patch features (ALGORITHM 3.1 to 3.4, 3.6)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.masking.grid import border, closed, closed_inside, core, dilated, without_islands
from app.engine.options import Profile
from app.engine.types import Features, Grid, Mask, PatchFeatures

MaskFlag = Literal["mask_untrusted", "mask_empty"]

CENTRAL_WINDOW = (0.2, 0.8)
"""Rows and columns of the central window, as shares of the grid (the authors' code)."""

CENTRAL_SHARE = 0.35
"""At most this share of the central window set: the object is on the negative side (the authors' code)."""

CORE_QUANTILE = 0.1
CORE_NEARNESS = 0.95
"""Rule `otsu_core`: how far from the background towards the object's core (its lower tenth) the threshold lies.

Where patches beside an object carry some of it, as in a network that sees far, Otsu's threshold lets in a ring of
background, and the ring weighs more the smaller the object is. Measured on objects of 10 to 40 % of the image: 0.85
leaves more of that ring, a quantile of 0.2 loses parts of objects of two colours.
"""

TRUSTED_RANGE = (0.5, 1.5)
"""A mask is trusted between 0.5 times the smallest and 1.5 times the largest foreground of the references."""


def first_component(rows: Features) -> NDArray[np.float32]:
    """Scores of N×D features on their first principal component: N float32, mean 0, in units of the features.

    Exact and deterministic: the last eigenvector of the D×D covariance in float64; the loading largest in size is
    positive. Of features on a device only the covariance and the scores leave it. Source: ALGORITHM 3.1.
    """
    if isinstance(rows, np.ndarray):
        centred = rows.astype(np.float64)
        centred -= centred.mean(axis=0)
        return np.asarray(centred @ _loadings(centred.T @ centred), np.float32)
    placed = rows.double()
    placed -= placed.mean(dim=0)
    loadings = _loadings((placed.T @ placed).cpu().numpy())
    return np.asarray((placed @ torch.from_numpy(loadings).to(placed.device)).float().cpu().numpy())


def _loadings(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    last = len(covariance) - 1
    # The last one alone takes an eighth of the time of all where there are a thousand.
    loadings = np.ascontiguousarray(eigh(covariance, subset_by_index=[last, last])[1][:, 0])
    return -loadings if loadings[np.abs(loadings).argmax()] < 0 else loadings


def otsu_threshold(scores: NDArray[np.float32]) -> float:
    """Threshold that leaves the least variance within the two classes, `scores > threshold` and the rest (Otsu 1979).

    Exact over every split of the N sorted scores, no histogram; halfway between the two scores at the split.
    """
    ordered = np.sort(scores.astype(np.float64))
    below = np.arange(1, len(ordered))
    deviation = np.cumsum(ordered - ordered.mean())[:-1]
    split = int((deviation**2 / (below * (len(ordered) - below))).argmax())
    return float(ordered[split] + ordered[split + 1]) / 2


def foreground_mask(features: PatchFeatures, spec: BackboneSpec, profile: Profile) -> Mask:
    """Which patches show the object: N bool in raster order.

    `paper`: ALGORITHM 3.2 to 3.4 to the letter. `robust`: the side of the component that the image border does not lie
    on, because the sign of a component is arbitrary (it flips between rotations of one photograph) and an object that
    may be masked leaves most of the border free; then morphology on the 2-D grid: dilation and closing for the rule
    `fixed`; for the others only closing, less small islands, as they already keep the patches that the object touches.
    """
    scores = first_component(features.rows)
    grid = features.geometry.grid
    if profile == "paper":
        return _paper_mask(scores, grid, spec)
    if np.median(scores[border(grid)]) > 0:
        scores = -scores
    if spec.mask_rule == "fixed":
        return closed(dilated(_on_grid(scores > _threshold(scores, spec), grid))).ravel()
    threshold = otsu_threshold(scores)
    if spec.mask_rule == "otsu_core":
        threshold = _core_threshold(scores, threshold, grid)
    return closed_inside(without_islands(_on_grid(scores > threshold, grid))).ravel()


def trusted(mask: Mask, foreground_fractions: Sequence[float]) -> bool:
    """Whether the mask of a test image is plausible beside the foreground fractions of the references' rotations.

    An untrusted mask is not used: the image is scored unmasked and flagged. Source: ALGORITHM 3.6.
    """
    low, high = trusted_range(foreground_fractions)
    return bool(mask.any()) and low <= float(mask.mean()) <= high


def trusted_range(foreground_fractions: Sequence[float]) -> tuple[float, float]:
    """Between which a test image's foreground is plausible."""
    return TRUSTED_RANGE[0] * min(foreground_fractions), TRUSTED_RANGE[1] * max(foreground_fractions)


def scored_patches(mask: Mask, profile: Profile, foreground_fractions: Sequence[float]) -> tuple[Mask, MaskFlag | None]:
    """Which patches of a test image are scored, given its foreground mask, and what has to be said of that mask.

    `robust`: an implausible mask is left out, and every patch is scored. `paper`: the mask as it is, also an empty one.
    """
    if profile == "paper":
        return mask, None if mask.any() else "mask_empty"
    if trusted(mask, foreground_fractions):
        return mask, None
    return np.ones_like(mask), "mask_untrusted"


def _paper_mask(scores: NDArray[np.float32], grid: Grid, spec: BackboneSpec) -> Mask:
    """The central window picks the sign; dilation and closing run along the flattened column (the authors' code)."""
    mask = scores > _threshold(scores, spec)
    rows, columns = (slice(int(CENTRAL_WINDOW[0] * n), int(CENTRAL_WINDOW[1] * n)) for n in (grid.rows, grid.columns))
    if _on_grid(mask, grid)[rows, columns].mean() <= CENTRAL_SHARE:
        mask = -scores > _threshold(-scores, spec)
    return closed(dilated(mask[:, None])).ravel()


def _core_threshold(scores: NDArray[np.float32], threshold: float, grid: Grid) -> float:
    """Otsu's threshold, moved up to near the level of the core of the foreground that it gives."""
    inner = scores[core(without_islands(_on_grid(scores > threshold, grid))).ravel()]
    if not inner.size:
        return threshold
    ground = float(np.median(scores[scores <= threshold]))
    object_level = float(np.quantile(inner, CORE_QUANTILE))
    return max(threshold, ground + CORE_NEARNESS * (object_level - ground))


def _threshold(scores: NDArray[np.float32], spec: BackboneSpec) -> float:
    if spec.mask_threshold is not None:
        return spec.mask_threshold
    return otsu_threshold(scores)


def _on_grid(mask: Mask, grid: Grid) -> NDArray[np.bool_]:
    return mask.reshape(grid.rows, grid.columns)
