"""What a report says: headline, facts and tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.evaluate.kept.results import Run, ScoredRow
from app.evaluate.planned.plan import Skipped
from app.evaluate.planned.tables import MVTEC
from app.evaluate.report.content import NO_PUBLISHED, PUBLISHED_RULE, Report, report
from tests.evaluate.report.runs import VARIANT, ZERO_SHOT, metrics, run, scored

WRITTEN = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)
TWO_SEEDS = [scored("a", 4, 0, metrics(0.9, 0.8)), scored("a", 4, 1, metrics(0.94, 0.8))]


def of(rows: Sequence[ScoredRow]) -> Report:
    return report(run(rows), WRITTEN)


def column(found: Report, name: str) -> list[str]:
    return [row[found.summary.columns.index(name)] for row in found.summary.rows]


def test_the_headline_is_the_first_variant_at_most_shots() -> None:
    other = replace(VARIANT, smaller_edge=672)
    rows = [scored("a", 8, 0, metrics(0.5), other), scored("a", 1, 0, metrics(0.6)), *TWO_SEEDS]
    headline = report(run(rows, variants=[VARIANT, other]), WRITTEN).headline
    assert headline is not None
    assert headline.numbers == (("Image AUROC", "92.0 ± 2.8"), ("PRO", "80.0 ± 0.0"))
    assert headline.basis == f"4 shots, mean over 1 object and 2 seeds. {VARIANT.label}."


def test_a_mean_over_less_than_its_line_is_starred() -> None:
    found = of([*TWO_SEEDS, scored("b", 4, 0, metrics(0.7))])
    assert column(found, "Image AUROC") == ["80.0*"]
    assert found.objects[0][1].rows[-1][6] == "80.0*"
    assert found.headline is not None
    assert "A number with * leaves some of them out" in found.headline.basis


def test_published_numbers_stand_beside_the_line_that_they_belong_to() -> None:
    rows = [scored(name, shots, 0, metrics(0.9, 0.8)) for name in MVTEC for shots in (1, 2)]
    found = of(rows)
    place = found.summary.columns.index("Image AUROC")
    assert found.summary.columns[place + 1] == found.summary.columns[-4] == "Published"
    assert [row[place : place + 2] for row in found.summary.rows] == [("90.0", "96.5 ± 0.4"), ("90.0", "–")]
    assert [row[-4] for row in found.summary.rows] == ["91.7", "–"]
    assert found.notes[0] == PUBLISHED_RULE


def test_without_published_numbers_a_line_says_so() -> None:
    found = of(TWO_SEEDS)
    assert "Published" not in found.summary.columns
    assert found.notes == (NO_PUBLISHED,)
    assert found.headline is not None
    assert found.headline.published == NO_PUBLISHED


def test_an_object_is_averaged_over_its_seeds_and_says_what_was_done() -> None:
    rows = [scored("a", 1, 0, metrics(0.9), masked=True), scored("a", 1, 1, metrics(0.8))]
    heading, table = of(rows).objects[0]
    assert heading == f"1 shot, {VARIANT.label}"
    assert table.rows[0][:7] == ("a", "2", "2", "2", "yes", "1 of 2", "85.0 ± 7.1")
    assert table.rows[1][0] == "Mean"


def test_the_facts_say_what_ran_where() -> None:
    facts = dict(of(TWO_SEEDS).facts)
    assert facts["Report written"] == "2025-03-01 12:30 UTC"
    assert (facts["1 object"], facts["Shots"], facts["Seeds"]) == ("a", "4", "0, 1")
    assert (facts["Machine"], facts["Versions"], facts["Commit"]) == ("cpu, Z80, 2 cores", "inspector 0.1.0", "abc1234")


def test_a_zero_shot_line_is_called_so() -> None:
    found = of([scored("a", 0, 0, metrics(0.9), ZERO_SHOT)])
    assert column(found, "Shots") == ["zero-shot"]
    assert dict(found.facts)["Shots"] == "none (zero-shot)"


def test_skipped_pairs_and_shares_of_time_are_listed() -> None:
    found = report(run(TWO_SEEDS, skipped=[Skipped("a", 16, 2, "too few")]), WRITTEN)
    assert found.skipped.rows == (("a", "16", "2", "too few"),)
    assert found.seconds.rows == (("extraction", "30.0", "75 %"), ("search", "10.0", "25 %"))


def test_a_run_without_rows_has_no_headline() -> None:
    nothing: Run = replace(run([], skipped=[Skipped("a", 16, 2, "too few")]), asked={}, environment={}, seconds={})
    found = report(nothing, WRITTEN)
    assert (found.headline, found.summary.rows, found.objects) == (None, (), ())
