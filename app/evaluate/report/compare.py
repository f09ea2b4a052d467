"""Two evaluations side by side."""

from collections.abc import Sequence

from app.evaluate.kept.results import METRICS, Row, Run
from app.evaluate.report.averages import average
from app.evaluate.report.differences.pairing import CHANCE, Pairing, comparison
from app.evaluate.report.html import TEMPLATES
from app.evaluate.report.markdown import cell, markdown_table
from app.evaluate.report.table import Table
from app.evaluate.report.wording import METRIC_NAMES, NOTHING, counted, listed, percent, shots_text

LEGEND = (
    "A and B in percent, B − A in percentage points. Means over the seeds that both have; the last line over the "
    "objects that both have, in those seeds that have all of these. What one of the two lacks is left out of both. "
    f"{CHANCE}"
)
ENVIRONMENT = ("inspector", "commit", "device", "processor")


def compare_markdown(a: Run, b: Run) -> str:
    """Two runs side by side, with the differences B - A, as Markdown."""
    found = comparison(a, b)
    parts = [f"# A: {cell(a.title)}, B: {cell(b.title)}", markdown_table(_runs(a, b)), LEGEND]
    for pairing in found.pairings:
        parts += [f"## {cell(_heading(pairing))}", *map(cell, _variants(pairing)), markdown_table(_compact(pairing))]
    if not found.pairings:
        parts += ["The two have no row in common."]
    for name, rows in (("A", found.only_a), ("B", found.only_b)):
        parts += [f"## Only in {name}", markdown_table(_only(rows))]
    return "\n\n".join(parts) + "\n"


def compare_html(a: Run, b: Run) -> str:
    """The same as a page that needs no other file."""
    found = comparison(a, b)
    return TEMPLATES.get_template("compare.html.jinja").render(
        title_a=a.title,
        title_b=b.title,
        runs=_runs(a, b),
        legend=LEGEND,
        metrics=list(METRIC_NAMES.values()),
        sections=[(_heading(each), _variants(each), _spacious(each)) for each in found.pairings],
        only=[("A", _only(found.only_a)), ("B", _only(found.only_b))],
    )


def _runs(a: Run, b: Run) -> Table:
    around = [
        (name.capitalize(), a.environment.get(name, NOTHING), b.environment.get(name, NOTHING)) for name in ENVIRONMENT
    ]
    rows = (("Evaluation of", a.title, b.title), ("Rows", str(len(a.rows)), str(len(b.rows))), *around)
    return Table(("", "A", "B"), rows, texts=3)


def _heading(pairing: Pairing) -> str:
    return f"{shots_text(pairing.a.shots).capitalize()}, {counted(len(pairing.a.seeds), 'seed')}"


def _variants(pairing: Pairing) -> list[str]:
    if pairing.a.variant == pairing.b.variant:
        return [f"A and B: {pairing.a.variant.label}"]
    return [f"A: {pairing.a.variant.label}", f"B: {pairing.b.variant.label}"]


def _lines(pairing: Pairing) -> list[tuple[str, Pairing]]:
    """Each object, then all of them."""
    return [*((name, pairing.only(name)) for name in pairing.a.objects), ("Mean", pairing)]


def _values(pairing: Pairing, metric: str) -> tuple[str, str, str]:
    one, other = average(pairing.a, metric), average(pairing.b, metric)
    if one is None or other is None:
        return NOTHING, NOTHING, NOTHING
    return percent(one.mean), percent(other.mean), pairing.difference_text(metric)


def _compact(pairing: Pairing) -> Table:
    """One column for each metric."""
    rows = []
    for name, own in _lines(pairing):
        triples = [_values(own, metric) for metric in METRICS]
        cells = [one if one == NOTHING else f"{one} → {other} ({difference})" for one, other, difference in triples]
        rows.append((name, *cells))
    return Table(("Object", *(METRIC_NAMES[metric] for metric in METRICS)), tuple(rows), ends_in_mean=True)


def _spacious(pairing: Pairing) -> Table:
    """Three columns for each metric."""
    rows = [(name, *(text for metric in METRICS for text in _values(own, metric))) for name, own in _lines(pairing)]
    return Table(("Object", *("A", "B", "B − A") * len(METRICS)), tuple(rows), ends_in_mean=True)


def _only(rows: Sequence[Row]) -> Table:
    seeds: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        seeds.setdefault((row.object, str(row.shots), row.variant.label), []).append(row.seed)
    return Table(
        ("Object", "Shots", "Variant", "Seeds"), tuple((*key, listed(each)) for key, each in seeds.items()), texts=4
    )
