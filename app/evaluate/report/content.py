"""What a report says, before it is set as Markdown or HTML."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.evaluate.kept.results import METRICS, Row, Run
from app.evaluate.planned.variant import Variant
from app.evaluate.report.averages import Group, average, groups, ordered_rows
from app.evaluate.report.differences.variants import differences
from app.evaluate.report.notes import is_partial, notes
from app.evaluate.report.published import SOURCE, Published, published
from app.evaluate.report.shown import shown
from app.evaluate.report.table import Table
from app.evaluate.report.verdicts.mistakes import MistakesReport, mistakes_report
from app.evaluate.report.verdicts.rates import verdict_table
from app.evaluate.report.wording import (
    COST_NAMES,
    METRIC_NAMES,
    NOTHING,
    average_text,
    common_label,
    cost_text,
    counted,
    listed,
    short_labels,
    shots_text,
    spread,
)

HEADLINE_METRICS = ("image_auroc", "image_f1_max", "pro")
MACHINE = ("device", "processor", "cores")
NO_PUBLISHED = "No published number belongs to this run."
PUBLISHED_RULE = (
    f"Published numbers, not measured here: {SOURCE}. They stand beside a measured one only where the data set is "
    "complete and shots, image size, backbone and preset are the same; none belongs to the other lines."
)
STAR = "*: a mean over fewer objects or seeds than its line has, as said below."


@dataclass(frozen=True, slots=True)
class Headline:
    """The result in a few numbers: names and values, what they are the mean of, and what was published."""

    numbers: tuple[tuple[str, str], ...]
    basis: str
    published: str


@dataclass(frozen=True, slots=True)
class Report:
    """In reading order. `objects` and `verdicts` are tables with the headings above them; `differences` has no rows
    where there is one variant alone."""

    title: str
    mistakes: MistakesReport | None
    headline: Headline | None
    facts: tuple[tuple[str, str], ...]
    summary: Table
    notes: tuple[str, ...]
    objects: tuple[tuple[str, Table], ...]
    verdicts: tuple[tuple[str, Table], ...]
    differences: Table
    skipped: Table
    seconds: Table
    environment: Table
    asked: Table


def report(run: Run, written: datetime) -> Report:
    """Everything but pictures and plots."""
    rows = ordered_rows(run)
    found = groups(rows)
    variants = list(dict.fromkeys(row.variant for row in rows))
    labels = short_labels(variants)
    everything = {row.object for row in rows} | {each.object for each in run.skipped}
    any_published = any(published(group) for group in found)
    return Report(
        title=run.title,
        mistakes=mistakes_report(shown(run)) if rows else None,
        headline=_headline(found),
        facts=tuple(_facts(run, rows, variants, written)),
        summary=_summary(found, labels, any_published),
        notes=(PUBLISHED_RULE if any_published else NO_PUBLISHED, *_omissions(found, labels, everything)),
        objects=tuple((_heading(group, labels), _object_table(group)) for group in found),
        verdicts=tuple((_heading(group, labels), verdict_table(group)) for group in found),
        differences=differences(run, labels),
        skipped=Table(
            ("Object", "Shots", "Seed", "Reason"),
            tuple((each.object, str(each.shots), str(each.seed), each.reason) for each in run.skipped),
            texts=4,
        ),
        seconds=_seconds(run.seconds),
        environment=Table(("What", "Value"), tuple(run.environment.items()), texts=2),
        asked=Table(
            ("Option", "Value, in the last call"),
            tuple((name, _told(value)) for name, value in run.asked.items()),
            texts=2,
        ),
    )


def largest(found: Sequence[Group]) -> Group | None:
    """The first variant's group of most shots: what the headline and the pictures are about."""
    own = [group for group in found if group.variant == found[0].variant]
    return own[-1] if own else None


def _headline(found: Sequence[Group]) -> Headline | None:
    group = largest(found)
    if group is None:
        return None
    defined = [metric for metric in HEADLINE_METRICS if average(group, metric)]
    star = " A number with * leaves some of them out: see the notes below the summary."
    beside = published(group)
    return Headline(
        numbers=tuple((METRIC_NAMES[metric], _starred(group, metric)) for metric in defined),
        basis=(
            f"{shots_text(group.shots).capitalize()}, mean over {counted(len(group.objects), 'object')} and "
            f"{counted(len(group.seeds), 'seed')}. {group.variant.label}."
            f"{star if any(is_partial(group, metric) for metric in defined) else ''}"
        ),
        published=_published_sentence(beside) if beside else NO_PUBLISHED,
    )


def _published_sentence(beside: Published) -> str:
    pro = f", PRO {spread(beside.pro, None)}" if beside.pro is not None else ""
    auroc = spread(beside.image_auroc, beside.image_auroc_std)
    return f"Published for the same data set, shots, image size and backbone: image AUROC {auroc}{pro}."


def _omissions(found: Sequence[Group], labels: Mapping[Variant, str], everything: Collection[str]) -> list[str]:
    starred = any(is_partial(group, metric) for group in found for metric in METRICS)
    return [*([STAR] if starred else []), *notes(found, labels, everything)]


def _facts(run: Run, rows: Sequence[Row], variants: Sequence[Variant], written: datetime) -> list[tuple[str, str]]:
    objects = sorted({row.object for row in rows})
    labels = short_labels(variants)
    common = f"{common_label(variants)}; each with: " if len(variants) > 1 and common_label(variants) else ""
    around = dict(run.environment)
    machine = [f"{around[name]} cores" if name == "cores" else around[name] for name in MACHINE if around.get(name)]
    versions = [f"{name} {text}" for name, text in around.items() if name not in (*MACHINE, "commit")]
    facts = [
        ("Report written", f"{written:%Y-%m-%d %H:%M %Z}".strip()),
        ("Data", str(run.asked.get("data_root", ""))),
        (counted(len(objects), "object").capitalize(), listed(objects)),
        ("Shots", listed(dict.fromkeys(group.shots or "none (zero-shot)" for group in groups(rows)))),
        ("Seeds", listed(sorted({row.seed for row in rows}))),
        (counted(len(variants), "variant").capitalize(), common + "; ".join(labels[each] for each in variants)),
        ("Machine", listed(machine)),
        ("Versions", listed(versions)),
        ("Commit", around.get("commit", "")),
    ]
    return [(name, value) for name, value in facts if value]


def _summary(found: Sequence[Group], labels: Mapping[Variant, str], any_published: bool) -> Table:
    columns = ["Variant", "Shots", "Objects", "Seeds"]
    for metric in METRICS:
        columns.append(METRIC_NAMES[metric])
        if any_published and metric in ("image_auroc", "pro"):
            columns.append("Published")
    columns += COST_NAMES.values()
    return Table(tuple(columns), tuple(_summary_row(group, labels, any_published) for group in found))


def _summary_row(group: Group, labels: Mapping[Variant, str], any_published: bool) -> tuple[str, ...]:
    beside = published(group)
    cells = [labels[group.variant], shots_text(group.shots), str(len(group.objects)), str(len(group.seeds))]
    for metric in METRICS:
        cells.append(_starred(group, metric))
        if any_published and metric == "image_auroc":
            cells.append(spread(beside.image_auroc, beside.image_auroc_std) if beside else NOTHING)
        if any_published and metric == "pro":
            cells.append(spread(beside.pro if beside else None, None))
    return (*cells, *_costs(group))


def _costs(group: Group) -> list[str]:
    """What the banks cost, on average over objects and seeds."""
    found = {name: average(group, name) for name in COST_NAMES}
    return [cost_text(name, each.mean if each else None) for name, each in found.items()]


def _starred(group: Group, metric: str) -> str:
    """The mean, marked where it leaves out objects or seeds of its line."""
    return average_text(average(group, metric)) + ("*" if is_partial(group, metric) else "")


def _heading(group: Group, labels: Mapping[Variant, str]) -> str:
    return f"{shots_text(group.shots).capitalize()}, {labels[group.variant]}"


def _object_table(group: Group) -> Table:
    rows = [_object_row(group.only(name)) for name in group.objects]
    mean = ("Mean", *[""] * 5, *(_starred(group, metric) for metric in METRICS), *_costs(group))
    columns = ("Object", "Good", "Bad", "Seeds", "Rotated", "Masked", *METRIC_NAMES.values(), *COST_NAMES.values())
    return Table(columns, (*rows, mean), ends_in_mean=True)


def _object_row(group: Group) -> tuple[str, ...]:
    first, seeds = group.rows[0], len(group.rows)
    done = (_how_often([row.rotated for row in group.rows]), _how_often([row.masked for row in group.rows]))
    counts = (str(first.good), str(first.bad), str(seeds))
    measured = (average_text(average(group, metric)) for metric in METRICS)
    return (first.object, *counts, *done, *measured, *_costs(group))


def _how_often(done: Sequence[bool]) -> str:
    if all(done):
        return "yes"
    return f"{sum(done)} of {len(done)}" if any(done) else "no"


def _seconds(seconds: Mapping[str, float]) -> Table:
    total = sum(seconds.values())
    rows = [
        (stage, f"{took:.1f}", f"{100 * took / total:.0f} %" if total else NOTHING) for stage, took in seconds.items()
    ]
    return Table(("Stage", "Seconds", "Share"), tuple(rows))


def _told(value: Any) -> str:
    return listed(value) if isinstance(value, list | tuple) else str(value)
