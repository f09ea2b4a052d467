"""The bit depth is that of all photographs together."""

import pytest

from app.engine.photograph.bit_depth import bit_depth


@pytest.mark.parametrize(
    ("used_bits", "depth"),
    [([11, 12, 9], 12), ([12, 13], 14), ([15], 16), ([7], 8), ([None, 12], 12), ([None, None], 16), ([], 16)],
)
def test_the_smallest_usual_depth_that_holds_them_all(used_bits: list[int | None], depth: int) -> None:
    assert bit_depth(used_bits) == depth
