"""Does another way of executing a backbone judge as torch does in float32? Asked before it serves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.probes import good_and_bad, normalised
from app.engine.types import Image

SCORE_SHARE = 0.0025
"""By so much of itself the score of a probe image may differ: half of what is allowed of photographs, which differ more
(ResNet-18 in bfloat16: 0.43 % and 0.67 %)."""

DISTANCE = 0.005
"""By so much a patch distance (0..2) may differ."""

TOP_SHARE = 0.01
GRIDS = ((32, 32), (16, 21), (28, 16))
"""Patches of the probe images, down and across."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest differences over all probe images: of the image score, as a share of it, and of a patch distance."""

    score_share: float
    distance: float

    @property
    def holds(self) -> bool:
        """Not where a number is none (NaN)."""
        return self.score_share <= SCORE_SHARE and self.distance <= DISTANCE


def parity(reference: Backbone, candidate: Backbone) -> Parity:
    """How far apart two executions of a backbone judge the probe images, one part registered and another inspected:
    both by the candidate, and inspected by it in a bank that the reference made. An image that tells them apart is the
    last one."""
    found, side = Parity(0, 0), reference.spec.patch_size
    for rows, columns in GRIDS:
        found = _larger(found, _parity(reference, candidate, rows * side, columns * side))
        if not found.holds:
            break
    return found


def _parity(reference: Backbone, candidate: Backbone, height: int, width: int) -> Parity:
    registered, inspected = good_and_bad(height, width)
    banks = [_rows(each, registered) for each in (reference, candidate)]
    queries = [_rows(each, inspected) for each in (reference, candidate)]
    wanted = _distances(queries[0], banks[0])
    found = [_distances(queries[1], bank) for bank in banks]
    shares = [abs(_score(each) / _score(wanted) - 1) for each in found]
    return Parity(float(np.max(shares)), float(np.max([np.abs(each - wanted).max() for each in found])))


def _larger(one: Parity, other: Parity) -> Parity:
    """NaN counts as larger."""
    shares, apart = (one.score_share, other.score_share), (one.distance, other.distance)
    return Parity(float(np.max(shares)), float(np.max(apart)))


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×D, each of length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _rows(backbone: Backbone, image: Image) -> NDArray[np.float32]:
    return unit_rows(backbone.extract(normalised(image, backbone.spec))[0])


def _distances(queries: NDArray[np.float32], bank: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 - (queries @ bank.T).max(axis=1))


def _score(distances: NDArray[np.float32]) -> float:
    """`mean_top1p`."""
    return float(np.sort(distances)[-max(1, int(TOP_SHARE * len(distances))) :].mean())
