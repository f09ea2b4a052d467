"""Which references are compared with all others, and that this hardly changes when one comes or goes."""

import pytest

from app.engine.bank.left_out import COMPARED_REFERENCES, compared_references

NAMES = [f"{number:03d}.png" for number in range(COMPARED_REFERENCES + 40)]


def drawn(names: list[str]) -> set[str]:
    return {names[position] for position in compared_references(names)}


@pytest.mark.parametrize(("count", "compared"), [(0, []), (1, []), (2, [0, 1]), (COMPARED_REFERENCES, list(range(64)))])
def test_of_few_references_all_are_compared_but_a_single_one(count: int, compared: list[int]) -> None:
    assert compared_references(NAMES[:count]) == compared


def test_of_many_references_some_are_in_the_order_that_they_stand_in() -> None:
    compared = compared_references(NAMES)
    assert len(compared) == COMPARED_REFERENCES
    assert compared == sorted(compared)


def test_another_reference_or_one_less_changes_one_of_them_at_most() -> None:
    for name in NAMES:
        others = [other for other in NAMES if other != name]
        assert len(drawn(NAMES) - drawn(others)) <= 1


def test_their_order_does_not_matter() -> None:
    assert drawn(NAMES) == drawn(NAMES[::-1])
