"""What is written, and that it is written whole."""

import json
from pathlib import Path

import pytest

from app.evaluate.report.write import write_report
from tests.evaluate.report.runs import metrics, run, scored

RUN = run([scored("a", 1, 0, metrics(0.9)), scored("b", 1, 0, metrics(0.7)), scored("a", 1, 1, metrics(0.6))])


def test_everything_is_written(tmp_path: Path) -> None:
    write_report(RUN, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "metrics_seed=0.json",
        "metrics_seed=1.json",
        "report.html",
        "report.md",
        "summary.csv",
        "summary.json",
    ]


def test_a_seed_file_has_the_mean_over_its_objects(tmp_path: Path) -> None:
    write_report(RUN, tmp_path)
    told = json.loads((tmp_path / "metrics_seed=0.json").read_text())
    assert [row["object"] for row in told["rows"]] == ["a", "b"]
    assert [mean["image_auroc"] for mean in told["means"]] == [pytest.approx(0.8)]


def test_writing_again_replaces_the_files(tmp_path: Path) -> None:
    write_report(RUN, tmp_path)
    write_report(run([scored("c", 1, 0, metrics(0.5))]), tmp_path)
    assert [row["object"] for row in json.loads((tmp_path / "summary.json").read_text())["rows"]] == ["c"]
    assert "| c | 2 | 2 | 1 |" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_run_of_nothing_is_written_too(tmp_path: Path) -> None:
    write_report(run([]), tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == {"rows": [], "means": []}
