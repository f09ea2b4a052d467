"""Does a backbone judge an image among others as it does alone? Asked on a GPU, before it serves in batches."""

import logging

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone, no_pause
from app.engine.backbone.parity import DISTANCE, SCORE_SHARE, parity
from app.errors import GpuOutOfMemory

logger = logging.getLogger(__name__)


class InABatch:
    """A backbone that runs every image as the last one of a batch of `size`."""

    def __init__(self, backbone: Backbone, size: int) -> None:
        self.spec, self.engine, self.precision = backbone.spec, backbone.engine, backbone.precision
        self.pause, self.batches = no_pause, True
        self._backbone, self._size = backbone, size

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `Backbone.extract`; those before an image are the same, moved by a patch and more. GpuOutOfMemory."""
        moves = [each * self.spec.patch_size for each in range(self._size)]
        passes = (np.stack([np.roll(image, moved, axis=2) for moved in reversed(moves)]) for image in inputs)
        return np.stack([self._backbone.extract(images)[-1] for images in passes])


def tried_in_batches(backbone: Backbone, size: int) -> None:
    """Leave the backbone out of batches where one of `size` moves the score of a probe image, or a patch distance, by
    more than is allowed of another way of executing it (`parity`)."""
    if size == 1 or not backbone.batches:
        return
    try:
        found = parity(backbone, InABatch(backbone, size))
    except GpuOutOfMemory:
        logger.warning("%s has no memory for a batch of %d: one image goes at a time", backbone.spec.name, size)
        backbone.batches = False
        return
    backbone.batches = found.holds
    (logger.info if found.holds else logger.warning)(
        "%s in a batch of %d differs from one image by up to %.4f %% of an image score and %.6f of a patch distance; "
        "allowed are %.2f %% and %.3f%s",
        *(backbone.spec.name, size, 100 * found.score_share, found.distance, 100 * SCORE_SHARE, DISTANCE),
        "" if found.holds else ": one image goes at a time",
    )
