"""False alarms and missed parts in numbers of parts, and which of them are pictured."""

from dataclasses import replace

from app.evaluate.kept.results import Verdicts
from app.evaluate.report.shown import Shown
from app.evaluate.report.verdicts.mistakes import NO_THRESHOLD, MistakesReport, Pictured, mistakes_report, pictured
from tests.evaluate.report.runs import SCORES, VARIANT, picture, scored

JUDGED = scored("a", 4, verdicts=Verdicts(0.25, 0.2, 0.5))
UNJUDGED = scored("b", 2)


def of(*rows: Shown) -> MistakesReport:
    return mistakes_report(rows)


def test_mistakes_are_numbers_of_parts_beside_what_was_promised() -> None:
    found = of(Shown(JUDGED, ()), Shown(replace(JUDGED, row=replace(JUDGED.row, object="c")), ()))
    assert found.numbers == (
        ("Good parts called bad (promised: at most 20.0 %)", "2 of 4"),
        ("Bad parts missed", "2 of 4"),
    )
    assert found.table.rows[0] == ("a", "4", "1 of 2 (50.0 %)", "20.0 %", "50.0 %", "1 of 2 (50.0 %)")
    assert found.basis == f"At the service's own threshold. 2 objects, 4 shots, seed 0. {VARIANT.label}."


def test_an_object_without_a_threshold_is_listed_and_not_counted() -> None:
    found = of(Shown(JUDGED, ()), Shown(UNJUDGED, ()))
    assert found.numbers[0][1] == "1 of 2"
    assert found.table.rows[1] == ("b", "2", *["–"] * 4)


def test_without_any_threshold_the_report_says_why() -> None:
    found = of(Shown(UNJUDGED, ()))
    assert (found.numbers, found.basis) == ((), NO_THRESHOLD)


def test_a_defect_that_counted_as_good_is_told() -> None:
    scores = (*SCORES[:2], replace(SCORES[2], bad=False), SCORES[3])
    [note] = of(Shown(replace(JUDGED, scores=scores), ())).notes
    assert note.startswith("a: 1 image of a defect's folder counted as good")
    assert "test/bent/0.png" in note
    assert of(Shown(JUDGED, ())).notes == ()


def test_missed_parts_are_pictured_first_and_what_has_no_picture_is_counted() -> None:
    right, missed = picture("a", SCORES[3]), picture("a", SCORES[2])
    found = pictured(Shown(JUDGED, (right, missed)))
    assert found == [
        Pictured("1 bad part missed", (missed,)),
        Pictured("1 good part called bad; there are no pictures", ()),
    ]
