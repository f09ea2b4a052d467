"""The variants of one evaluation against the first of them."""

from collections.abc import Mapping
from dataclasses import replace

from app.evaluate.kept.results import METRICS, Run
from app.evaluate.planned.variant import Variant
from app.evaluate.report.differences.pairing import CHANCE, comparison
from app.evaluate.report.table import Table
from app.evaluate.report.wording import METRIC_NAMES, shots_text

HEADING = "Differences between variants"
MEANING = f"Means over what both have, less those of the first variant, in percentage points. {CHANCE}"


def differences(run: Run, labels: Mapping[Variant, str]) -> Table:
    """A line for each further variant and each number of shots; `labels` names all variants, the first one first."""
    named = list(labels)
    lines = [
        (labels[variant], shots_text(pairing.a.shots), *map(pairing.difference_text, METRICS))
        for variant in named[1:]
        for pairing in comparison(_only(run, named[0]), _only(run, variant)).pairings
    ]
    return Table(("Variant", "Shots", *(METRIC_NAMES[metric] for metric in METRICS)), tuple(lines), texts=2)


def _only(run: Run, variant: Variant) -> Run:
    return replace(run, rows=tuple(scored for scored in run.rows if scored.row.variant == variant))
