"""Plots are pieces of a page: well-formed, with text as text and the page's own ink."""

from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from app.evaluate.kept.results import ImageScore
from app.evaluate.report import plots
from app.evaluate.report.averages import Average
from app.evaluate.report.plots import (
    BAD_COLOR,
    GOOD_COLOR,
    INK,
    Curve,
    histogram,
    learning_curves,
    line_style,
    roc_curve,
)
from tests.evaluate.report.runs import SCORES

ONE = Average(0.8, None, (0,), ("a",))
TWO = Average(0.9, 0.05, (0, 1), ("a",))
CURVES = {"image_auroc": [Curve(0, (1, 4), (ONE, TWO)), Curve(1, (4,), (TWO,))], "pro": [Curve(0, (1, 4), (ONE, ONE))]}


def drawn() -> list[str]:
    roc = roc_curve(SCORES)
    assert roc is not None
    return [histogram(SCORES, 0.25), roc, learning_curves(CURVES)]


def texts(svg: str) -> list[str]:
    tree = ElementTree.fromstring(svg.replace("xlink:href", "href"))
    return [text for element in tree.iter("text") if (text := "".join(element.itertext()).strip())]


@pytest.mark.parametrize("place", range(3))
def test_a_plot_names_no_other_place_and_takes_the_ink_of_its_page(place: int) -> None:
    svg = drawn()[place]
    assert svg.startswith('<svg role="img" aria-label="')
    assert "http" not in svg
    assert INK not in svg
    assert "currentColor" in svg


def test_the_histogram_shows_both_classes() -> None:
    svg = histogram(SCORES, None)
    assert {"Image score", "Test images"} <= set(texts(svg))
    assert GOOD_COLOR.lower() in svg
    assert BAD_COLOR.lower() in svg


@pytest.mark.parametrize("scores", [SCORES[:2], SCORES[2:], SCORES[:1]])
def test_a_histogram_needs_neither_both_classes_nor_several_scores(scores: tuple[ImageScore, ...]) -> None:
    assert "Image score" in histogram(scores, None)


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.9])
def test_the_histogram_names_the_threshold_even_beyond_the_scores(threshold: float) -> None:
    assert texts(histogram(SCORES, threshold)).count("service's threshold") == 1
    assert "service's threshold" not in texts(histogram(SCORES, None))


def test_one_class_alone_has_no_roc_curve() -> None:
    assert roc_curve(SCORES[:2]) is None


def test_equal_scores_can_be_drawn() -> None:
    same = [replace(score, score=0.25) for score in SCORES]
    assert histogram(same, 0.25)
    assert roc_curve(same)


def test_a_learning_curve_marks_the_shots_on_a_log_axis() -> None:
    found = texts(learning_curves(CURVES))
    assert [found.count(text) for text in ("Image AUROC", "PRO", "1", "4", "Shots", "2")] == [1, 1, 2, 2, 2, 0]


def test_the_axis_of_a_rate_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []

    def keep(figure: Figure, _label: str) -> str:
        figures.append(figure)
        return ""

    monkeypatch.setattr(plots, "_svg", keep)
    learning_curves(CURVES)
    histogram(SCORES, 0.25)
    curves, scores = figures
    assert [axes.get_ylim() for axes in curves.axes] == [(0, 105)] * 2
    assert (scores.axes[0].get_xlim()[0], scores.axes[0].get_ylim()[0]) == (0, 0)


def test_lines_of_18_variants_differ() -> None:
    assert len({line_style(variant) for variant in range(18)}) == 18


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = dict(matplotlib.rcParams)
    drawn()
    assert dict(matplotlib.rcParams) == before


def test_the_same_scores_make_the_same_plot() -> None:
    assert drawn() == drawn()
