"""Writing everything that is reported of an evaluation."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.evaluate.kept.results import METRICS, RATES, Row, Run
from app.evaluate.kept.run_folder import write_json, write_text
from app.evaluate.measured.costs import COSTS
from app.evaluate.report.averages import Group, average, groups, ordered_rows
from app.evaluate.report.content import report
from app.evaluate.report.html import html
from app.evaluate.report.markdown import markdown


def write_report(run: Run, folder: Path) -> None:
    """Write `report.html`, `report.md`, `summary.json`, `summary.csv` and `metrics_seed=K.json` into `folder`, where
    the run's pictures lie; each file whole or not at all."""
    rows = ordered_rows(run)
    content = report(run, datetime.now(UTC))
    write_json(folder / "summary.json", summary(rows))
    write_text(folder / "summary.csv", summary_csv(rows))
    for seed, own in by_seed(rows).items():
        write_json(folder / f"metrics_seed={seed}.json", summary(own))
    write_text(folder / "report.md", markdown(content))
    write_text(folder / "report.html", html(content, run, folder))


def summary(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The rows, and per variant and shots their mean over objects and seeds; all flat, metrics and rates 0..1."""
    return {"rows": [row.flat() for row in rows], "means": [mean(group) for group in groups(rows)]}


def mean(group: Group) -> dict[str, Any]:
    """One line of `means`. Of each metric and rate the mean, `_std` over seeds (n - 1; None for one seed), and how many
    seeds and objects it is taken over."""
    told: dict[str, Any] = {"shots": group.shots, "objects": list(group.objects), "seeds": list(group.seeds)}
    told |= asdict(group.variant)
    for metric in (*METRICS, *RATES, *COSTS):
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
