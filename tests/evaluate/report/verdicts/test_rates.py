"""The tables of the service's own threshold."""

from app.evaluate.kept.results import RATES, ScoredRow, Verdicts
from app.evaluate.report.averages import groups
from app.evaluate.report.verdicts.rates import COLUMNS, verdict_table
from tests.evaluate.report.runs import scored


def judged(name: str, seed: int, false_alarms: float, oracle: float) -> ScoredRow:
    return scored(name, 4, seed, verdicts=Verdicts(0.3, 0.2, 0.5, false_alarms, 1.0, 0.4, oracle, 1.0))


def lines(*rows: ScoredRow) -> list[tuple[str, ...]]:
    (group,) = groups([each.row for each in rows])
    return list(verdict_table(group).rows)


def test_every_rate_has_a_column() -> None:
    assert len(COLUMNS) == len(RATES)


def test_the_rates_are_averaged_over_seeds_for_an_object_and_then_over_objects() -> None:
    a = (judged("a", 0, 0.1, 0.0), judged("a", 1, 0.3, 0.0))
    found = lines(*a, judged("b", 0, 0.3, 0.5), judged("b", 1, 0.5, 0.5))
    assert found[0] == (
        "a",
        "20.0 ± 0.0",
        "50.0 ± 0.0",
        "20.0 ± 14.1",
        "100.0 ± 0.0",
        "0.0 ± 0.0",
        "100.0 ± 0.0",
        *["–"] * 4,
    )
    assert [line[0] for line in found] == ["a", "b", "Mean"]
    assert (found[2][3], found[2][5]) == ("30.0 ± 14.1", "25.0 ± 0.0")


def test_the_oracle_is_averaged_over_what_has_a_threshold_of_the_service() -> None:
    without = scored("b", 4, verdicts=Verdicts(None, None, None, None, None, 0.4, 0.8, 0.5))
    found = lines(judged("a", 0, 0.1, 0.2), without)
    assert found[1] == ("b", "–", "–", "–", "–", "80.0", "50.0", *["–"] * 4)
    assert found[2] == ("Mean", "20.0*", "50.0*", "10.0*", "100.0*", "20.0*", "100.0*", *["–"] * 4)


def test_without_any_threshold_the_oracle_is_told_alone() -> None:
    rows = [scored(name, 1, verdicts=Verdicts(oracle_false_alarm_rate=rate)) for name, rate in (("a", 0.1), ("b", 0.3))]
    assert lines(*rows)[2] == ("Mean", "–", "–", "–", "–", "20.0", *["–"] * 5)


def test_rows_from_before_there_were_verdicts_show_nothing() -> None:
    assert lines(scored("a", 4))[1] == ("Mean", *["–"] * 10)
