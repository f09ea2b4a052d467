"""Which test images the report shows: chosen by rule, and the worst mistakes."""

from app.evaluate.kept.results import ImageScore, ScoredRow, Verdicts
from app.evaluate.pictures import MISTAKES_SHOWN, chosen
from tests.evaluate.report.runs import NO_VERDICTS, scored


def row(good: int, bad: int, verdicts: Verdicts = NO_VERDICTS) -> ScoredRow:
    """Good images score 0, 1, 2, …, bad ones too."""
    scores = [ImageScore(f"test/good/{number}.png", False, number) for number in range(good)]
    scores += [ImageScore(f"test/bent/{number}.png", True, number) for number in range(bad)]
    return ScoredRow(scored(verdicts=verdicts).row, tuple(scores))


def names(of: ScoredRow) -> list[str]:
    return [of.scores[position].image for position in chosen(of)]


def test_the_highest_and_the_middle_good_one_and_the_middle_of_a_kind_are_shown() -> None:
    assert names(row(5, 3)) == ["test/good/4.png", "test/good/2.png", "test/bent/1.png"]


def test_every_mistake_is_shown_once_the_worst_first() -> None:
    found = names(row(5, 3, Verdicts(1.5)))
    assert found[3:] == ["test/bent/0.png", "test/good/3.png"]


def test_of_many_mistakes_the_worst_are_shown() -> None:
    found = names(row(40, 40, Verdicts(19.5)))
    assert [f"test/bent/{number}.png" in found for number in (0, MISTAKES_SHOWN - 1, MISTAKES_SHOWN)] == [
        True,
        True,
        False,
    ]
    assert "test/good/39.png" in found
    assert f"test/good/{39 - MISTAKES_SHOWN}.png" not in found
