"""Sizes and shapes beside those of the references."""

import pytest

from app.engine.photograph.shape import aspect_beside, size_beside
from app.engine.types import Size

ALIKE = [Size(256, 256)] * 4
VARIED = [Size(200, 200), Size(200, 300), Size(200, 420), Size(200, 600)]


@pytest.mark.parametrize(("edge", "differs"), [(256, False), (258, False), (250, True), (262, True)])
def test_another_size_than_that_of_the_references_is_told(edge: int, differs: bool) -> None:
    assert size_beside(Size(edge, 300), ALIKE, 448).differs == differs


@pytest.mark.parametrize(("size", "differs"), [(Size(512, 512), False), (Size(512, 518), True), (Size(256, 512), True)])
def test_another_shape_is_told_whatever_the_size(size: Size, differs: bool) -> None:
    assert aspect_beside(size, ALIKE).differs == differs


def test_less_than_half_the_detail_cannot_be_compared() -> None:
    beside = size_beside(Size(100, 100), ALIKE, 448)
    assert (beside.value, beside.low, beside.high) == (100 / 256, 0.5, None)


def test_what_is_scaled_away_is_no_detail() -> None:
    assert size_beside(Size(448, 448), [Size(2000, 2000)], 448).low == pytest.approx(0.112)
    assert size_beside(Size(448, 448), [Size(100, 100)], 448).high == 2.0


def test_two_parts_side_by_side_and_a_photograph_on_its_side_cannot_be_compared() -> None:
    for size, references in ((Size(256, 512), ALIKE), (Size(640, 480), [Size(480, 640)])):
        beside = aspect_beside(size, references)
        assert beside.low is not None
        assert beside.high is not None
        assert not beside.low <= beside.value <= beside.high


def test_references_of_many_shapes_leave_as_much_room_as_between_them() -> None:
    assert aspect_beside(Size(200, 280), VARIED).same == pytest.approx(1.5)
    assert not aspect_beside(Size(200, 280), VARIED).differs
    assert aspect_beside(Size(200, 1000), VARIED).differs


def test_one_odd_reference_leaves_no_more_room() -> None:
    assert size_beside(Size(128, 128), [*ALIKE, Size(32, 32)], 448).differs
