"""Does another way of executing a backbone judge as torch does in float32? Asked before it serves."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone
from app.engine.types import Image

SCORE_SHARE = 0.005
"""By so much of itself an image score may differ."""

DISTANCE = 0.005
"""By so much a patch distance (0..2) may differ."""

TOP_SHARE = 0.01
SEED = 5
GRIDS = ((32, 32), (16, 21), (28, 16))
"""Patches of the probe images, down and across."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest differences over all probe images: of the image score, as a share of it, and of a patch distance."""

    score_share: float
    distance: float

    @property
    def holds(self) -> bool:
        return self.score_share <= SCORE_SHARE and self.distance <= DISTANCE


def parity(reference: Backbone, candidate: Backbone) -> Parity:
    """How far apart two executions of a backbone judge the probe images, one part registered and another inspected:
    both by the candidate, and inspected by it in a bank that the reference made."""
    score_share = distance = 0.0
    for registered, inspected in _probes(reference.spec.patch_size):
        banks = [_rows(each, registered) for each in (reference, candidate)]
        queries = [_rows(each, inspected) for each in (reference, candidate)]
        wanted = _distances(queries[0], banks[0])
        for bank in banks:
            found = _distances(queries[1], bank)
            score_share = max(score_share, abs(_score(found) / _score(wanted) - 1))
            distance = max(distance, float(np.abs(found - wanted).max()))
    return Parity(score_share, distance)


def _rows(backbone: Backbone, image: Image) -> NDArray[np.float32]:
    mean, std = (np.array(each, np.float32) for each in (backbone.spec.mean, backbone.spec.std))
    tensor = ((np.float32(1 / 255) * image - mean) / std).transpose(2, 0, 1)
    rows = backbone.extract(np.ascontiguousarray(tensor[None], np.float32))[0]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _distances(queries: NDArray[np.float32], bank: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 - (queries @ bank.T).max(axis=1))


def _score(distances: NDArray[np.float32]) -> float:
    """`mean_top1p`."""
    return float(np.sort(distances)[-max(1, int(TOP_SHARE * len(distances))) :].mean())


def _probes(patch_size: int) -> Iterator[tuple[Image, Image]]:
    """A good part and one with a scratch and a stain, for each size: fixed, drawn, lit from one side, with grain."""
    for number, (rows, columns) in enumerate(GRIDS):
        height, width = rows * patch_size, columns * patch_size
        good, bad = (_part(np.random.default_rng([SEED, number, each]), height, width) for each in range(2))
        cv2.line(bad, (width // 3, height // 2), (width // 2, height // 3), (235, 230, 225), 2, cv2.LINE_AA)
        cv2.circle(bad, (2 * width // 3, 2 * height // 3), 7, (60, 45, 40), -1, cv2.LINE_AA)
        yield good, bad


def _part(rng: np.random.Generator, height: int, width: int) -> Image:
    """A brushed plate with holes on a dark ground."""
    picture = np.full((height, width, 3), (48, 52, 60), np.uint8)
    margin = min(height, width) // 8
    cv2.rectangle(picture, (margin, margin), (width - margin, height - margin), (150, 146, 138), -1, cv2.LINE_AA)
    for x, y in ((0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7), (0.5, 0.5)):
        centre = int(x * width + rng.normal(0, 2)), int(y * height + rng.normal(0, 2))
        cv2.circle(picture, centre, min(height, width) // 14, (70, 60, 55), -1, cv2.LINE_AA)
        cv2.circle(picture, centre, min(height, width) // 14, (190, 188, 180), 2, cv2.LINE_AA)
    brushed = cv2.GaussianBlur(rng.normal(0, 30, (height, width)), (0, 0), sigmaX=9, sigmaY=0.6)
    light = np.linspace(-18, 18, width)[None] + np.linspace(-8, 8, height)[:, None]
    grain = rng.normal(0, 2.5, (height, width, 3))
    return np.asarray((picture + (brushed + light)[:, :, None] + grain).clip(0, 255), np.uint8)
