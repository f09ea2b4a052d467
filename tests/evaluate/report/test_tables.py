"""The tables for other programs."""

import csv
import io
import json
from dataclasses import replace

import pytest

from app.evaluate.kept.results import VERDICTS, Row, Verdicts
from app.evaluate.report.write import by_seed, summary, summary_csv
from tests.evaluate.report.runs import HOSTILE, ZERO_SHOT, metrics, scored

ROWS = [
    scored("a", 1, 0, metrics(0.9, 0.5)).row,
    scored("a", 1, 1, metrics(0.7, 0.7)).row,
    scored(HOSTILE, 1, 0, metrics(0.5)).row,
    scored(HOSTILE, 1, 1, metrics(0.7)).row,
    scored("a", 0, 0, metrics(0.6), ZERO_SHOT).row,
]


def test_the_rows_survive_json() -> None:
    judged = Verdicts(0.1 + 0.2, 0.2, 0.5, 1 / 3, None, 0.3, 0.0, None)
    rows = [*ROWS, scored("a", 9, full=True, verdicts=judged).row]
    told = json.loads(json.dumps(summary(rows)))
    assert [Row.of(row) for row in told["rows"]] == rows


def test_a_row_from_before_there_were_verdicts_has_none() -> None:
    row = scored("a", 4, verdicts=Verdicts(0.3, 0.2, 0.5, 0.0, 1.0, 0.3, 0.0, 1.0)).row
    old = {name: value for name, value in row.flat().items() if name not in VERDICTS}
    assert Row.of(old) == replace(row, verdicts=Verdicts())


def test_the_means_hold_the_rates_of_the_verdicts() -> None:
    rows = [scored("a", 4, seed, verdicts=Verdicts(0.3, 0.2, 0.5, rate)).row for seed, rate in enumerate((0.0, 0.5))]
    (means,) = summary(rows)["means"]
    assert (means["false_alarm_rate"], means["false_alarm_rate_std"]) == (0.25, pytest.approx(0.125**0.5))
    assert (means["promised_false_alarm_rate"], means["detection_rate"]) == (pytest.approx(0.2), None)
    assert "threshold" not in means


def test_the_means_say_how_many_seeds_and_objects_they_are_over() -> None:
    few_shot, zero_shot = summary(ROWS)["means"]
    assert (few_shot["image_auroc"], few_shot["image_auroc_std"]) == (pytest.approx(0.7), pytest.approx(0))
    assert (few_shot["image_auroc_seeds"], few_shot["image_auroc_objects"]) == (2, 2)
    assert (few_shot["pro"], few_shot["pro_objects"]) == (pytest.approx(0.6), 1)
    assert (few_shot["image_ap"], few_shot["image_ap_seeds"]) == (None, 0)
    assert (zero_shot["shots"], zero_shot["mode"], zero_shot["image_auroc_std"]) == (0, "zero-shot", None)


def test_a_seed_has_its_own_mean_over_objects() -> None:
    seeds = by_seed(ROWS)
    assert list(seeds) == [0, 1]
    means = summary(seeds[1])["means"]
    assert [each["image_auroc"] for each in means] == [pytest.approx(0.7)]
    assert means[0]["seeds"] == [1]
    assert summary(seeds[0])["means"][1]["image_auroc"] == pytest.approx(0.6)


def test_the_csv_has_a_line_for_each_row_and_nothing_where_undefined() -> None:
    lines = list(csv.DictReader(io.StringIO(summary_csv(ROWS))))
    assert [line["object"] for line in lines] == ["a", "a", HOSTILE, HOSTILE, "a"]
    assert [line["pro"] for line in lines] == ["0.5", "0.7", "", "", ""]
    assert set(lines[0]) == set(ROWS[0].flat())


def test_no_rows_make_an_empty_csv() -> None:
    assert summary_csv([]) == ""
