"""Which references are compared with all others, and that this hardly changes when one comes or goes."""

from hashlib import sha256

import pytest

from app.engine.bank.left_out import COMPARED_REFERENCES, compared_references

DIGESTS = [sha256(bytes([number])).hexdigest() for number in range(COMPARED_REFERENCES + 40)]


def drawn(digests: list[str]) -> set[str]:
    return {digests[position] for position in compared_references(digests)}


@pytest.mark.parametrize(("count", "compared"), [(0, []), (1, []), (2, [0, 1]), (COMPARED_REFERENCES, list(range(64)))])
def test_of_few_references_all_are_compared_but_a_single_one(count: int, compared: list[int]) -> None:
    assert compared_references(DIGESTS[:count]) == compared


def test_of_many_references_some_are_in_the_order_that_they_stand_in() -> None:
    compared = compared_references(DIGESTS)
    assert len(compared) == COMPARED_REFERENCES
    assert compared == sorted(compared)


def test_another_reference_or_one_less_changes_one_of_them_at_most() -> None:
    for digest in DIGESTS:
        others = [other for other in DIGESTS if other != digest]
        assert len(drawn(DIGESTS) - drawn(others)) <= 1


def test_their_order_does_not_matter() -> None:
    assert drawn(DIGESTS) == drawn(DIGESTS[::-1])
