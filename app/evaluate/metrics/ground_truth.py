"""What the pixel metrics need of a ground truth mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The anomalous pixels of an image; 8 bytes for each, nothing for the others.

    `shape` is height and width, `pixels` the flat row-major index of each anomalous pixel (int32), `weights` 1 / the
    size of the 8-connected region it belongs to (float32), `regions` the number of regions.
    """

    shape: tuple[int, int]
    pixels: NDArray[np.int32]
    weights: NDArray[np.float32]
    regions: int


def ground_truth(mask: NDArray[np.bool_]) -> GroundTruth:
    """The ground truth behind a mask of H×W, true where the part is anomalous."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    pixels = np.flatnonzero(mask)
    sizes = statistics[:, cv2.CC_STAT_AREA]
    weights = 1 / sizes[labels.ravel()[pixels]]
    height, width = mask.shape
    return GroundTruth((height, width), pixels.astype(np.int32), weights.astype(np.float32), len(sizes) - 1)
