"""Plots as SVG that takes ink and font from the page around it, so that it is readable in light and dark."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from app.evaluate.kept.results import ImageScore
from app.evaluate.metrics.image import roc_points
from app.evaluate.report.averages import Average
from app.evaluate.report.wording import METRIC_NAMES

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's, which the colour-blind can tell apart; the darkest first."""

GOOD_COLOR, BAD_COLOR = COLORS[0], COLORS[1]
LINES = ("solid", "dashed", "dotted")
MARKERS = "os^Dv"
INK = "#010203"
"""Stands for the page's own colour of text."""

BINS = 24


@dataclass(frozen=True, slots=True)
class Curve:
    """Of one variant and metric: the average at each number of shots."""

    variant: int
    shots: tuple[int, ...]
    averages: tuple[Average, ...]


def line_style(variant: int) -> tuple[str, str]:
    """Colour and dashes of the variant at this place; 18 before any repeats."""
    return COLORS[variant % len(COLORS)], LINES[variant // len(COLORS) % len(LINES)]


def histogram(scores: Sequence[ImageScore], threshold: float | None) -> str:
    """Image scores of good and bad test images, in the same bins; a line at the service's threshold, if it has one."""
    figure, axes = _figure(1, 1, 3.6, 2.5)
    values = np.array([each.score for each in scores])
    bad = np.array([each.bad for each in scores])
    edges = np.histogram_bin_edges(values, BINS).tolist()
    axes[0].hist(values[~bad], edges, color=GOOD_COLOR, alpha=0.7)
    axes[0].hist(values[bad], edges, color=BAD_COLOR, histtype="step", linewidth=1.6)
    if threshold is not None:
        axes[0].axvline(threshold, color=INK, linestyle="dashed", linewidth=1)
        above = axes[0].get_xaxis_transform()
        axes[0].text(threshold, 1.02, "service's threshold", color=INK, fontsize=8, ha="center", transform=above)
    axes[0].set(xlabel="Image score", ylabel="Test images")
    axes[0].set_xlim(left=0)
    axes[0].yaxis.set_major_locator(MaxNLocator(integer=True))
    return _svg(figure, "Histogram of the image scores of good and bad test images")


def roc_curve(scores: Sequence[ImageScore]) -> str | None:
    """True against false positive rate; None with images of one class alone."""
    fpr, tpr = roc_points(np.array([each.score for each in scores]), np.array([each.bad for each in scores]))
    if not len(fpr):
        return None
    figure, axes = _figure(1, 1, 2.7, 2.5)
    axes[0].plot([0, 1], [0, 1], color=INK, linewidth=0.6, alpha=0.4)
    axes[0].plot(fpr, tpr, color=COLORS[0], linewidth=1.8, clip_on=False)
    axes[0].set(xlabel="False positive rate", ylabel="True positive rate", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    return _svg(figure, "ROC curve of the image scores")


def learning_curves(curves: dict[str, list[Curve]]) -> str:
    """Every metric against the number of shots (log axis), a line for each variant; bars are ± one standard deviation
    over seeds. The vertical axis is whole, 0 to 100 %."""
    shots = sorted({each for lines in curves.values() for curve in lines for each in curve.shots})
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure, axes = _figure(rows, columns, 3.2 * columns, 2.4 * rows)
    for axis, (metric, lines) in zip(axes, curves.items(), strict=False):
        for curve in lines:
            _draw_curve(axis, curve)
        axis.set_xscale("log", base=2)
        axis.set_xticks(shots, labels=[str(each) for each in shots])
        axis.set_ylim(0, 105)
        axis.set_yticks(range(0, 101, 25))
        axis.set_title(METRIC_NAMES[metric], fontsize=9, color=INK, loc="left")
        axis.set(xlabel="Shots", ylabel="%")
    for axis in axes[len(curves) :]:
        axis.set_visible(False)
    return _svg(figure, "Learning curves: every metric against the number of shots")


def _draw_curve(axis: Axes, curve: Curve) -> None:
    color, dashes = line_style(curve.variant)
    axis.errorbar(
        curve.shots,
        [100 * each.mean for each in curve.averages],
        yerr=[100 * (each.std or 0) for each in curve.averages],
        color=color,
        linestyle=dashes,
        marker=MARKERS[curve.variant % len(MARKERS)],
        markersize=4.5,
        linewidth=1.5,
        capsize=2.5,
    )


def _figure(rows: int, columns: int, width_in: float, height_in: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.patch.set_visible(False)
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set(color=INK, alpha=0.5, linewidth=0.7)
        axis.tick_params(color=INK, labelcolor=INK, labelsize=8, width=0.7, length=3)
        axis.grid(color=INK, alpha=0.12, linewidth=0.6)
        axis.set_axisbelow(True)
        axis.xaxis.label.set(color=INK, fontsize=8.5)
        axis.yaxis.label.set(color=INK, fontsize=8.5)
    return figure, axes


def _svg(figure: Figure, label: str) -> str:
    """The figure for use inside a page: text as text, without prolog and metadata."""
    drawn = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    svg = drawn.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
    return svg.replace(INK, "currentColor")
