"""The odd one among the references is named, and hardly any good one."""

import numpy as np
import pytest

from app.engine.bank.left_out import LeftOut
from app.engine.hygiene import outlier_finding, outliers, suspicions, trimmed

PATCHES = 400


def table(bad: tuple[int, ...] = (), count: int = 8, seed: int = 0, defect: float = 0.3) -> dict[int, LeftOut]:
    """References of which the `bad` ones have a spot far from all others and are seldom the nearest to any patch."""
    random = np.random.default_rng(seed)
    weights = np.array([0.3 if position in bad else 1.0 for position in range(count)])
    rows = {}
    for position in range(count):
        distances = random.gamma(8, 0.0125, PATCHES).astype(np.float32)
        if position in bad:
            distances[:20] += defect
        chances = np.where(np.arange(count) == position, 0, weights)
        nearest = random.choice(count, PATCHES, p=chances / chances.sum()).astype(np.int32)
        rows[position] = LeftOut(distances, nearest, np.ones(PATCHES, bool))
    return rows


def found(rows: dict[int, LeftOut]) -> dict[int, float]:
    return dict(suspicions(rows, [each.foreground for each in rows.values()]))


@pytest.mark.parametrize("bad", range(8))
def test_the_defective_reference_is_named(bad: int) -> None:
    assert outliers(found(table((bad,)))) == [bad]


def test_alike_references_are_left_in_peace() -> None:
    assert [outliers(found(table(seed=seed))) for seed in range(20)] == [[]] * 20


def test_at_most_one_of_eight_is_accused_the_oddest_first() -> None:
    assert outliers({0: 1.0, 1: 1.9, 2: 1.6, 3: 1.0, 4: 1.0, 5: 1.0, 6: 1.0, 7: 1.7}) == [1]
    assert len(outliers({position: 2.0 if position < 5 else 1.0 for position in range(16)})) == 2


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_references_do_not_accuse_each_other(count: int) -> None:
    rows = table((0,), count=max(count, 2))
    assert outliers(found(dict(list(rows.items())[:count]))) == []


def test_a_reference_that_serves_no_other_is_the_more_suspicious() -> None:
    rows = table()
    lonely = {
        position: LeftOut(
            each.distances, np.where(each.nearest == 5, (position + 1) % 5, each.nearest), each.foreground
        )
        for position, each in rows.items()
    }
    assert found(lonely)[5] > 1.5 * found(rows)[5]


def test_what_is_masked_does_not_count() -> None:
    rows = table((2,))
    masks = [np.arange(PATCHES) >= 20 for _ in rows]
    assert outliers(suspicions(rows, masks), 1.3) == []
    assert outliers(found(rows)) == [2]


def test_no_foreground_at_all_accuses_nobody() -> None:
    rows = table()
    assert set(suspicions(rows, [np.zeros(PATCHES, bool)] * 8).values()) == {1.0}


def test_positions_are_those_of_the_bank_where_only_some_are_compared() -> None:
    rows = {7 * position: each for position, each in table((3,)).items()}
    assert outliers(found(rows)) == [21]


def test_trimming_leaves_out_the_oddest_share() -> None:
    assert trimmed(found(table((1, 6), count=10)), 0.2) == [0, 2, 3, 4, 5, 7, 8, 9]
    assert trimmed(found(table((1,), count=4)), 0.2) == [0, 1, 2, 3]
    assert trimmed({0: 5.0, 1: 1.0, 2: 1.0}, 0.5) == [0, 1, 2]


def test_an_accusation_tells_how_far_beyond_the_limit_it_is() -> None:
    odd = found(table((4,)))
    told = outlier_finding(odd[outliers(odd)[0]])
    assert told.kind == "outlier"
    assert told.numbers["suspicion"] == odd[4] > told.numbers["limit"]
