"""The tables for other programs: `summary.json`, `summary.csv`, `metrics_seed=K.json`."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.evaluate.report.averages import Group, average, groups
from app.evaluate.results import METRICS, RATES, Row


def summary(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The rows, and per variant and shots their mean over objects and seeds; all flat, metrics and rates 0..1."""
    return {"rows": [row.flat() for row in rows], "means": [mean(group) for group in groups(rows)]}


def mean(group: Group) -> dict[str, Any]:
    """One line of `means`. Of each metric and rate the mean, `_std` over seeds (n - 1; None for one seed), and how many
    seeds and objects it is taken over."""
    told: dict[str, Any] = {"shots": group.shots, "objects": list(group.objects), "seeds": list(group.seeds)}
    told |= asdict(group.variant)
    for metric in (*METRICS, *RATES):
        found = average(group, metric)
        told[metric] = found.mean if found else None
        told[f"{metric}_std"] = found.std if found else None
        told[f"{metric}_seeds"] = len(found.seeds) if found else 0
        told[f"{metric}_objects"] = len(found.objects) if found else 0
    return told


def by_seed(rows: Sequence[Row]) -> Mapping[int, Sequence[Row]]:
    """The rows of each seed; their `summary` is that of the seed alone."""
    return {seed: [row for row in rows if row.seed == seed] for seed in sorted({row.seed for row in rows})}


def summary_csv(rows: Sequence[Row]) -> str:
    """The rows with a header; an undefined value is empty."""
    written = io.StringIO()
    if rows:
        writer = csv.DictWriter(written, fieldnames=list(rows[0].flat()), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.flat() for row in rows)
    return written.getvalue()
