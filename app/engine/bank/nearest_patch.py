"""The reference patch that an inspected patch came nearest to, and where a person finds it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from app.engine.bank.bank import MemoryBank
from app.engine.photograph.augment import rotation_matrix
from app.engine.photograph.preprocess import covered
from app.engine.types import Box, Geometry


@dataclass(frozen=True, slots=True)
class NearestPatch:
    """A patch of the bank: of which reference (position in the bank), turned by which angle.

    `box` is its place in the unrotated reference, in pixels of the reference as given: of the patch's own size and
    around the patch's centre, upright whatever the angle, and cut off at the border.
    """

    reference: int
    angle_deg: float
    box: Box


def nearest_patch(row: int, bank: MemoryBank, references: Sequence[Geometry]) -> NearestPatch:
    """What a bank row shows. `references`: the geometry of each reference of the bank, in its order."""
    origin = bank.origin(row)
    place = _unrotated(origin.patch, origin.angle_deg, references[origin.reference])
    return NearestPatch(origin.reference, origin.angle_deg, place)


def _unrotated(patch: int, angle_deg: float, reference: Geometry) -> Box:
    """The place in a reference of a patch of the rotated one.

    A corner that the rotation filled by mirroring shows pixels from further inside: the box is around those.
    """
    size, place, grid = reference.original, covered(reference), reference.grid
    width, height = place.width / grid.columns, place.height / grid.rows
    row, column = divmod(patch, grid.columns)
    # The rotation counts from the centre of the first pixel, a box from its edge.
    rotated = np.array([(column + 0.5) * width - 0.5, (row + 0.5) * height - 0.5, 1.0])
    x, y = cv2.invertAffineTransform(rotation_matrix(size, angle_deg)) @ rotated
    left, right = _extent(_mirrored(float(x), size.width) + 0.5, width, size.width)
    top, bottom = _extent(_mirrored(float(y), size.height) + 0.5, height, size.height)
    return Box(left, top, right - left, bottom - top)


def _mirrored(position: float, length: int) -> float:
    """Where `rotate` takes a position from that lies outside the pixels 0..length−1 (reflect-101)."""
    last = length - 1
    return last - abs(abs(position) % (2 * last) - last)


def _extent(centre: float, extent: float, length: int) -> tuple[int, int]:
    """First whole pixel around a centre and the one after the last: inside `length`, and one pixel at least."""
    first = min(max(round(centre - extent / 2), 0), length - 1)
    return first, min(max(round(centre + extent / 2), first + 1), length)
