"""`report.html`: one page that needs no other file, no script and no other host."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.colors import to_hex

from app.engine.heatmap import COLORMAP
from app.evaluate.kept.results import Picture, Run
from app.evaluate.report.averages import ordered_rows
from app.evaluate.report.content import Report
from app.evaluate.report.differences import variants as differences
from app.evaluate.report.plots import BAD_COLOR, GOOD_COLOR, histogram, learning_curves, line_style, roc_curve
from app.evaluate.report.shown import Shown, curves, shown
from app.evaluate.report.verdicts import mistakes
from app.evaluate.report.verdicts.rates import HEADING, MEANING
from app.evaluate.report.wording import LEGEND, percent, short_labels, shots_text

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture with the words around it; each source is a data URI, None where there is no such picture."""

    image: str
    verdict: str
    score: str
    scale_max: str
    sources: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ObjectSection:
    """What is shown of one object."""

    name: str
    basis: str
    auroc: str
    good: int
    bad: int
    histogram: Markup
    roc: Markup | None
    threshold: str
    mistakes: tuple[tuple[str, tuple[Panel, ...]], ...]
    panels: tuple[Panel, ...]


def html(report: Report, run: Run, folder: Path) -> str:
    """The page. The run's pictures are read from `folder`; one that is gone is said to be."""
    variants = list(dict.fromkeys(row.variant for row in ordered_rows(run)))
    labels = short_labels(variants)
    drawn = curves(run)
    with_curve = {curve.variant for lines in drawn.values() for curve in lines}
    return TEMPLATES.get_template("report.html.jinja").render(
        report=report,
        legend=LEGEND,
        mistakes_heading=mistakes.HEADING,
        mistakes_meaning=mistakes.MEANING,
        differences_heading=differences.HEADING,
        differences_meaning=differences.MEANING,
        verdicts_heading=HEADING,
        verdicts_meaning=MEANING,
        curves=Markup(learning_curves(drawn)) if drawn else None,
        lines=[(labels[variant], *line_style(place)) for place, variant in enumerate(variants) if place in with_curve],
        sections=[_section(each, folder) for each in shown(run)],
        good_color=GOOD_COLOR,
        bad_color=BAD_COLOR,
        heat=[to_hex(colormaps[COLORMAP](share / 8)) for share in range(9)],
    )


def _section(each: Shown, folder: Path) -> ObjectSection:
    row, scores = each.scored.row, each.scored.scores
    roc, wrong = roc_curve(scores), mistakes.pictured(each)
    shown_above = {picture.image for kind in wrong for picture in kind.pictures}
    return ObjectSection(
        name=row.object,
        basis=f"{shots_text(row.shots).capitalize()}, seed {row.seed}. {row.variant.label}.",
        auroc=percent(row.metrics.image_auroc),
        good=row.good,
        bad=row.bad,
        histogram=Markup(histogram(scores, row.verdicts.threshold)),
        roc=Markup(roc) if roc else None,
        threshold="" if row.verdicts.threshold is None else f", threshold {row.verdicts.threshold:.4f}",
        mistakes=tuple((kind.told, _panels(kind.pictures, folder)) for kind in wrong),
        panels=_panels([picture for picture in each.pictures if picture.image not in shown_above], folder),
    )


def _panels(pictures: Sequence[Picture], folder: Path) -> tuple[Panel, ...]:
    return tuple(_panel(picture, folder) for picture in pictures)


def _panel(picture: Picture, folder: Path) -> Panel:
    files = {"Original": picture.original, "Ground truth": picture.truth, "Anomaly map": picture.map}
    files["Mask"] = picture.mask
    return Panel(
        image=picture.image,
        verdict="bad" if picture.bad else "good",
        score=f"{picture.score:.4f}",
        scale_max=f"{picture.scale_max:.3g}",
        sources=tuple((kind, _data_uri(folder / name) if name else None) for kind, name in files.items()),
    )


def _data_uri(path: Path) -> str:
    """The file itself as an address; empty where there is none any more."""
    if not path.is_file():
        return ""
    return f"data:{guess_type(path.name)[0]};base64,{b64encode(path.read_bytes()).decode()}"
