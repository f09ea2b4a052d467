"""Two evaluations side by side."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from app.evaluate.kept.results import METRICS, Row, Run
from app.evaluate.report.averages import Group, average, groups, ordered_rows
from app.evaluate.report.html import TEMPLATES
from app.evaluate.report.markdown import cell, markdown_table
from app.evaluate.report.table import Table
from app.evaluate.report.wording import METRIC_NAMES, NOTHING, counted, listed, percent, points, shots_text

LEGEND = (
    "A and B in percent, B − A in percentage points. Means over the seeds that both have; the last line over the "
    "objects that both have, in those seeds that have all of these. What one of the two lacks is left out of both."
)
ENVIRONMENT = ("inspector", "commit", "device", "processor")


@dataclass(frozen=True, slots=True)
class Pairing:
    """Rows of A and of B that belong together: the same objects and seeds, and the same metrics defined."""

    a: Group
    b: Group


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs have in common, and the rows that only one of them has."""

    pairings: tuple[Pairing, ...]
    only_a: tuple[Row, ...]
    only_b: tuple[Row, ...]


def comparison(a: Run, b: Run) -> Comparison:
    """Match rows by object, shots and seed, and by variant unless each run has exactly one."""
    rows_a, rows_b = ordered_rows(a), ordered_rows(b)
    by_variant = any(len({row.variant for row in rows}) > 1 for rows in (rows_a, rows_b))
    known_a, known_b = ({_key(row, by_variant): row for row in rows} for rows in (rows_a, rows_b))
    both = [_alike(row, known_b[key]) for key, row in known_a.items() if key in known_b]
    partner = dict(both)
    return Comparison(
        tuple(_pairing(group, [partner[row] for row in group.rows]) for group in groups([row for row, _ in both])),
        tuple(row for key, row in known_a.items() if key not in known_b),
        tuple(row for key, row in known_b.items() if key not in known_a),
    )


def _key(row: Row, by_variant: bool) -> Hashable:
    return row.object, row.shots, row.seed, row.variant if by_variant else None


def _alike(a: Row, b: Row) -> tuple[Row, Row]:
    """Both without the metrics that one of them lacks, so that means are over the same rows."""
    lacking = {name: None for name in METRICS if None in (getattr(a.metrics, name), getattr(b.metrics, name))}
    return replace(a, metrics=replace(a.metrics, **lacking)), replace(b, metrics=replace(b.metrics, **lacking))


def _pairing(a: Group, rows: Sequence[Row]) -> Pairing:
    return Pairing(a, Group(rows[0].variant, a.shots, tuple(rows)))


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


def _lines(pairing: Pairing) -> list[tuple[str, Group, Group]]:
    """Each object, then all of them."""
    objects = [(name, pairing.a.only(name), pairing.b.only(name)) for name in pairing.a.objects]
    return [*objects, ("Mean", pairing.a, pairing.b)]


def _values(a: Group, b: Group, metric: str) -> tuple[str, str, str]:
    one, other = average(a, metric), average(b, metric)
    if one is None or other is None:
        return NOTHING, NOTHING, NOTHING
    return percent(one.mean), percent(other.mean), points(other.mean - one.mean)


def _compact(pairing: Pairing) -> Table:
    """One column for each metric."""
    rows = []
    for name, a, b in _lines(pairing):
        triples = [_values(a, b, metric) for metric in METRICS]
        cells = [one if one == NOTHING else f"{one} → {other} ({difference})" for one, other, difference in triples]
        rows.append((name, *cells))
    return Table(("Object", *(METRIC_NAMES[metric] for metric in METRICS)), tuple(rows), ends_in_mean=True)


def _spacious(pairing: Pairing) -> Table:
    """Three columns for each metric."""
    rows = [(name, *(text for metric in METRICS for text in _values(a, b, metric))) for name, a, b in _lines(pairing)]
    return Table(("Object", *("A", "B", "B − A") * len(METRICS)), tuple(rows), ends_in_mean=True)


def _only(rows: Sequence[Row]) -> Table:
    seeds: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        seeds.setdefault((row.object, str(row.shots), row.variant.label), []).append(row.seed)
    return Table(
        ("Object", "Shots", "Variant", "Seeds"), tuple((*key, listed(each)) for key, each in seeds.items()), texts=4
    )
