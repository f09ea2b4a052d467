"""The worst place of each region beside the place of a reference that it came nearest to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.engine.bank.nearest_patch import NearestPatch
from app.engine.types import Box, Size
from app.engine.verdict.regions import Region

PATCHES_AROUND = 7
"""So many patches wide is what is shown."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`place`: the patch in the photograph, `around` it what is shown; `nearest` and `around_nearest`: in the
    reference, of the size `reference_size`, None where it is no longer one."""

    region: Region
    place: Box
    around: Box
    reference: str
    nearest: NearestPatch
    around_nearest: Box
    reference_size: Size | None


def comparisons(
    regions: Sequence[Region], references: Sequence[str], sizes: Mapping[str, Size]
) -> tuple[Comparison, ...]:
    """`references`: of the bank (SHA-256), in its order; `sizes`: of those that are there now, in px."""
    return tuple(_comparison(each, references[each.nearest.reference], sizes) for each in regions)


def _comparison(region: Region, reference: str, sizes: Mapping[str, Size]) -> Comparison:
    nearest, (x, y) = region.nearest, region.peak_at
    width, height = nearest.box.width, nearest.box.height
    place = Box(x - width // 2, y - height // 2, width, height)
    return Comparison(region, place, _around(place), reference, nearest, _around(nearest.box), sizes.get(reference))


def _around(box: Box) -> Box:
    """May reach beyond the picture, where nothing is shown."""
    width, height = PATCHES_AROUND * box.width, PATCHES_AROUND * box.height
    return Box(box.x - (width - box.width) // 2, box.y - (height - box.height) // 2, width, height)
