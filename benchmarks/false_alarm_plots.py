"""The plots of docs/accuracy.md: false alarms and detections by the number of references."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from app.evaluate.report.plots import COLORS
from benchmarks.threshold_trials import ORACLE, OWN_COPIES, PROVISIONAL, Trial, calibrated

Measured = dict[tuple[str, str], list[Trial]]
"""By object and backbone."""

STYLES = {
    PROVISIONAL: (COLORS[0], "o", 0.86),
    calibrated(0.05): (COLORS[1], "s", 0.95),
    OWN_COPIES: (COLORS[3], "^", 1.05),
    ORACLE: (COLORS[2], "D", 1.16),
}
"""Colour, marker, and at how many times k the bars stand, so that none hides another."""

DPI = 100


def plot(measured: Measured, folder: Path) -> None:
    """Write `false-alarms.png` and `detections.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    _figure(measured, "Good parts called bad, %", _false_alarms).savefig(folder / "false-alarms.png", dpi=DPI)
    _figure(measured, "Defective parts found, %", _detections).savefig(folder / "detections.png", dpi=DPI)


def _figure(measured: Measured, what: str, draw: Callable[[Axes, str, Sequence[Trial]], None]) -> Figure:
    objects, backbones = (list(dict.fromkeys(key[place] for key in measured)) for place in (0, 1))
    figure = Figure(figsize=(2.5 * len(objects), 2.3 * len(backbones) + 0.7), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(backbones), len(objects), sharex=True, sharey=True, squeeze=False)
    for (name, backbone), trials in measured.items():
        axes = grid[backbones.index(backbone), objects.index(name)]
        axes.set_title(f"{name}, {backbone.split('_patch')[0]}", fontsize=9)
        axes.set_xscale("log", base=2)
        axes.set_xticks([4, 8, 16], ["4", "8", "16"])
        axes.minorticks_off()
        axes.set(ylim=(-3, 103), xlim=(2.8, 22))
        axes.grid(axis="y", alpha=0.3)
        for label in STYLES:
            draw(axes, label, [trial for trial in trials if trial.label == label])
    figure.supylabel(what, fontsize=10)
    figure.supxlabel("Number of references", fontsize=10)
    handles, labels = grid[-1, -1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def _false_alarms(axes: Axes, label: str, trials: Sequence[Trial]) -> None:
    """The mean, the 5 to 95 % range of the draws as a bar, and what was promised of the mean as a line across."""
    color, marker, aside = STYLES[label]
    places = np.array([trial.shots for trial in trials]) * aside
    rates = 100 * np.array([trial.false_alarms for trial in trials])
    means = rates.mean(axis=1)
    low, high = np.percentile(rates, [5, 95], axis=1)
    axes.vlines(places, low, high, color=color, alpha=0.5, linewidth=2)
    axes.plot(places, means, marker, color=color, markersize=5, label=label)
    promised = [trial.promised_rate for trial in trials if trial.is_promised]
    if promised:
        name = "promise" if label == PROVISIONAL else "_"
        axes.hlines(100 * np.array(promised), places / 1.06, places * 1.06, color="black", linewidth=1.6, label=name)


def _detections(axes: Axes, label: str, trials: Sequence[Trial]) -> None:
    color, marker, _ = STYLES[label]
    shots, found = [trial.shots for trial in trials], [100 * trial.found for trial in trials]
    axes.plot(shots, found, f"{marker}-", color=color, markersize=5, alpha=0.8, label=label)
