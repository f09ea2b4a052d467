"""`inspector evaluate` and `inspector compare`, as a user runs them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.commands.evaluate_options import one_by_one
from app.errors import InspectorError
from app.evaluate import runner
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
        ("--layers", "last", "numbers from 1 on, ascending"),
        ("--layers", "4,8", "layers: those of embedded are fixed"),
        ("--method", "fastflow", "choose among anomalydino, patchcore, spade, padim"),
        ("--coreset", "1.5", "a share of the rows"),
        ("--coreset", "0", "a share of the rows"),
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


def evaluated(data: Path, out: Path, *options: str) -> str:
    return inspector("evaluate", "--data-root", str(data), "--out", str(out), *SMALL, *options)


@pytest.mark.parametrize(
    "options",
    [
        "--mode zero-shot --shots 1",
        "--mode zero-shot --seeds 2",
        "--mode zero-shot --rotation on",
        "--aggregation musc",
        "--ablation backbone",
        "--ablation resolution",
        "--ablation preprocessing --masking on",
        "--ablation statistic --statistic max",
        "--ablation method --method spade",
        "--mode zero-shot --ablation method",
        "--mode zero-shot --method patchcore",
        "--mode zero-shot --coreset 0.1",
    ],
)
def test_an_option_that_would_be_ignored_is_refused(options: str, tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    with pytest.raises(InspectorError, match=r"means nothing (in the mode|with --ablation).*Leave it out"):
        evaluated(tmp_path / "data", tmp_path / "out", *options.split())


def test_skipped_pairs_are_told_and_stay_told(tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    assert "seed 0 of 5 shots needs 5 images" in evaluated(tmp_path / "data", tmp_path / "out", "--shots", "1", "5")
    evaluated(tmp_path / "data", tmp_path / "out", "--shots", "2")
    assert "seed 0 of 5 shots needs 5 images" in (tmp_path / "out/report.md").read_text()


def test_an_evaluation_without_a_single_row_fails(tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    with pytest.raises(InspectorError, match="Nothing could be evaluated"):
        evaluated(tmp_path / "data", tmp_path / "out", "--shots", "5")


def test_what_is_there_already_is_told(tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    assert "rows" not in evaluated(tmp_path / "data", tmp_path / "out").replace("/rows", "")
    assert "holds 1 row;" in evaluated(tmp_path / "data", tmp_path / "out")


@pytest.mark.parametrize(
    ("out", "told"),
    [("file", "cannot be written"), ("file/below", "cannot be written"), ("data/disc/out", "lies among")],
)
def test_a_folder_that_cannot_be_used_is_named(out: str, told: str, tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    (tmp_path / "file").write_text("")
    with pytest.raises(InspectorError, match=f"{out}.*{told}.*--out"):
        evaluated(tmp_path / "data", tmp_path / out)


def test_an_interrupted_evaluation_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvtec_object(tmp_path / "data", "disc")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "evaluate", interrupted)
    options = ["--data-root", str(tmp_path / "data"), "--out", str(tmp_path / "out"), *SMALL]
    result = CliRunner().invoke(cli, ["evaluate", *options])
    assert result.exit_code == 130
    assert "same command again" in result.output


def test_a_page_is_written_where_there_is_no_folder_yet(tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    evaluated(tmp_path / "data", tmp_path / "out")
    page = tmp_path / "new" / "both.html"
    told = inspector("compare", str(tmp_path / "out"), str(tmp_path / "out"), "--html", str(page))
    assert str(tmp_path / "out") in told
    assert str(tmp_path / "out") in page.read_text()
    (tmp_path / "file").write_text("")
    with pytest.raises(InspectorError, match=r"cannot be written.*--html"):
        inspector("compare", str(tmp_path / "out"), str(tmp_path / "out"), "--html", str(tmp_path / "file" / "a.html"))


def test_what_is_no_evaluation_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match="holds no evaluation"):
        inspector("compare", str(tmp_path), str(tmp_path))


@pytest.mark.parametrize(
    "options", ["--method spade --coreset 0.1", "--method patchcore --statistic max", "--method padim --masking on"]
)
def test_what_a_method_does_not_look_at_is_refused(options: str, tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    with pytest.raises(InspectorError, match=r"means nothing with --method .*Leave it out"):
        evaluated(tmp_path / "data", tmp_path / "out", *options.split())


def test_the_methods_are_compared_by_one_preset(tmp_path: Path) -> None:
    mvtec_object(tmp_path / "data", "disc")
    evaluated(tmp_path / "data", tmp_path / "out", "--shots", "3", "--ablation", "method", "--preprocess", "agnostic")
    told = json.loads((tmp_path / "out/summary.json").read_text())["means"]
    assert {line["method"]: line["coreset"] for line in told} == {
        "anomalydino": "none",
        "patchcore": "0.1",
        "spade": "none",
    }
    assert all(line["ms_per_image"] > 0 and line["bank_bytes"] > 0 for line in told)
    text = (tmp_path / "out/report.md").read_text()
    assert "padim compares position with position" in text
    assert "## Differences between variants" in text
