"""Regions: the connected areas of an inspected image that are too far from every reference."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank
from app.engine.bank.nearest_patch import NearestPatch, nearest_patch
from app.engine.options import Profile
from app.engine.photograph.preprocess import covered
from app.engine.types import Box, Geometry, Mask, PatchDistances, RegionMask

CONNECTIVITY = 8
Span = tuple[NDArray[np.int64], NDArray[np.int64]]
"""First pixel of each of several parts, and the one after its last."""


@dataclass(frozen=True, slots=True)
class Region:
    """A connected area of patches above the region threshold, in pixels of the image as given.

    `peak` is its largest patch distance, `peak_at` the centre (x, y) of that patch, `nearest` what that patch came
    nearest to. `area_px` counts the region's pixels, `patches` names its patches (raster order).
    """

    box: Box
    area_px: int
    peak: float
    peak_at: tuple[int, int]
    nearest: NearestPatch
    patches: tuple[int, ...] = field(repr=False)


def find_regions(
    distances: PatchDistances,
    inspected: Geometry,
    profile: Profile,
    threshold: float,
    bank: MemoryBank,
    references: Sequence[Geometry],
    *,
    limit: int,
) -> list[Region]:
    """Areas of neighbouring patches (8-connected) above `threshold`, the largest peak first, at most `limit`.

    `threshold` is in units of the patch distance; patches off the foreground belong to no region. A region lies where
    `anomaly_map` shows it under the same profile. `references`: geometries of those of the bank, in its order.
    """
    labels = _labels((distances.values > threshold) & (distances.nearest >= 0), inspected)
    found = []
    for peak in _peaks(distances.values, labels)[:limit]:
        patches = np.flatnonzero(labels == labels[peak])
        box, pixels = _footprint(patches, inspected, profile)
        found.append(
            Region(
                box=box,
                area_px=int(np.count_nonzero(pixels)),
                peak=float(distances.values[peak]),
                peak_at=_centre(peak, inspected, profile),
                nearest=nearest_patch(int(distances.nearest[peak]), bank, references),
                patches=tuple(patches.tolist()),
            )
        )
    return found


def region_patches(regions: Sequence[Region], inspected: Geometry) -> Mask:
    """Which patches (N) are in one of the regions."""
    inside = np.zeros(inspected.grid.patches, bool)
    for region in regions:
        inside[list(region.patches)] = True
    return inside


def region_mask(inside: Mask, inspected: Geometry, profile: Profile) -> RegionMask:
    """The pixels of the patches (N) that are in regions, H×W at the image's original size."""
    mask = np.zeros((inspected.original.height, inspected.original.width), bool)
    if inside.any():
        box, pixels = _footprint(np.flatnonzero(inside), inspected, profile)
        mask[box.y : box.y + box.height, box.x : box.x + box.width] = pixels
    return mask


def _labels(above: NDArray[np.bool_], inspected: Geometry) -> NDArray[np.int32]:
    """The number of each patch's area, from 1; 0 where it is in none."""
    picture = above.reshape(inspected.grid.rows, inspected.grid.columns).astype(np.uint8)
    _, areas = cv2.connectedComponents(picture, connectivity=CONNECTIVITY, ltype=cv2.CV_32S)
    return np.asarray(areas, np.int32).ravel()


def _peaks(values: NDArray[np.float32], labels: NDArray[np.int32]) -> list[int]:
    """The patch with the largest value of each area, the largest first."""
    descending = np.argsort(-values, kind="stable")
    descending = descending[labels[descending] > 0]
    _, first = np.unique(labels[descending], return_index=True)
    return [int(patch) for patch in descending[np.sort(first)]]


def _footprint(patches: NDArray[np.int64], inspected: Geometry, profile: Profile) -> tuple[Box, NDArray[np.bool_]]:
    """The box around patches, and which of its pixels are theirs.

    The last row and column of patches reach to the image's border, as they do in the anomaly map.
    """
    (tops, bottoms), (lefts, rights) = _spans(inspected, profile)
    bottoms[-1], rights[-1] = inspected.original.height, inspected.original.width
    rows, columns = np.divmod(patches, inspected.grid.columns)
    top, left = int(tops[rows.min()]), int(lefts[columns.min()])
    bottom, right = int(bottoms[rows.max()]), int(rights[columns.max()])
    pixels = np.zeros((bottom - top, right - left), bool)
    for row, column in zip(rows, columns, strict=True):
        pixels[tops[row] - top : bottoms[row] - top, lefts[column] - left : rights[column] - left] = True
    return Box(left, top, right - left, bottom - top), pixels


def _centre(patch: int, inspected: Geometry, profile: Profile) -> tuple[int, int]:
    row, column = divmod(patch, inspected.grid.columns)
    (tops, bottoms), (lefts, rights) = _spans(inspected, profile)
    return int(lefts[column] + rights[column]) // 2, int(tops[row] + bottoms[row]) // 2


def _spans(inspected: Geometry, profile: Profile) -> tuple[Span, Span]:
    """Where the anomaly map has each row and each column of patches."""
    place, grid = inspected.original if profile == "paper" else covered(inspected), inspected.grid
    return _parts(place.height, grid.rows), _parts(place.width, grid.columns)


def _parts(length: int, count: int) -> Span:
    """`count` equal parts of `length` px; fewer pixels than parts are shared, so that every part has one."""
    edges = np.arange(count + 1, dtype=np.int64) * length // count
    return edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
