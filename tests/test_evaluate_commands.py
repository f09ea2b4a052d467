"""`inspector evaluate` and `inspector compare`, as a user runs them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.errors import InspectorError
from app.evaluate_commands import one_by_one
from tests.evaluate.trees import mvtec_object, visa_object

REPEATED = {"--shots", "--objects"}
SMALL = ["--backbone", "embedded", "--smaller-edge", "112", "--profile", "robust"]


def inspector(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    if isinstance(result.exception, InspectorError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("--shots 1 2 --seeds 3", "--shots 1 --shots 2 --seeds 3"),
        ("--seeds 3 --objects a b c --shots 1", "--seeds 3 --objects a --objects b --objects c --shots 1"),
        ("--shots=1 2", "--shots=1 2"),
        ("--shots 1 --shots 2", "--shots 1 --shots 2"),
        ("", ""),
    ],
)
def test_an_option_takes_several_values(written: str, read: str) -> None:
    assert one_by_one(written.split(), REPEATED) == read.split()


@pytest.mark.parametrize("layout", [mvtec_object, visa_object])
def test_an_evaluation_writes_tables_and_reports(layout: Callable[[Path, str], Path], tmp_path: Path) -> None:
    layout(tmp_path / "data", "disc")
    out = tmp_path / "out"
    told = inspector(
        "evaluate",
        "--data-root",
        str(tmp_path / "data"),
        "--shots",
        "1",
        "2",
        "--seeds",
        "2",
        "--out",
        str(out),
        *SMALL,
    )
    assert str(out / "report.html") in told
    summary = json.loads((out / "summary.json").read_text())
    pairs = {(row["shots"], row["seed"]) for row in summary["rows"]}
    assert pairs >= {(1, 0), (1, 1), (2, 0)}
    assert all(row["image_auroc"] == 1 for row in summary["rows"])
    assert (out / "metrics_seed=1.json").is_file()
    assert "disc" in (out / "report.md").read_text()
    assert len((out / "summary.csv").read_text().splitlines()) == 1 + len(summary["rows"])
    assert "<html" in (out / "report.html").read_text()


def test_two_runs_are_compared(tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    for name, statistic in (("a", "max"), ("b", "mean_top1p")):
        inspector(
            "evaluate",
            "--data-root",
            str(tmp_path / "data"),
            "--statistic",
            statistic,
            "--out",
            str(tmp_path / name),
            *SMALL,
        )
    told = inspector("compare", str(tmp_path / "a"), str(tmp_path / "b"), "--html", str(tmp_path / "both.html"))
    assert "disc" in told
    assert "max" in told
    assert "<html" in (tmp_path / "both.html").read_text()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--shots", "0", "numbers from 1 on"),
        ("--shots", "many", "numbers from 1 on"),
        ("--preprocess", "informative", "choose among agnostic, informed"),
        ("--statistic", "mean", "mean_topk:K"),
        ("--objects", "nut", "The objects there are: disc"),
        ("--backbone", "vit", "Choose one of"),
    ],
)
def test_a_wrong_value_is_told_with_those_that_are_right(option: str, value: str, told: str, tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    arguments = [
        "evaluate",
        "--data-root",
        str(tmp_path / "data"),
        "--out",
        str(tmp_path / "out"),
        *SMALL,
        option,
        value,
    ]
    with pytest.raises(InspectorError, match=told):
        inspector(*arguments)
    assert not list((tmp_path / "out").glob("rows/*"))


def test_what_is_no_evaluation_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match="holds no evaluation"):
        inspector("compare", str(tmp_path), str(tmp_path))
