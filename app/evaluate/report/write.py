"""Writing everything that is reported of an evaluation."""

from datetime import UTC, datetime
from pathlib import Path

from app.evaluate.report.averages import ordered_rows
from app.evaluate.report.content import report
from app.evaluate.report.html import html
from app.evaluate.report.markdown import markdown
from app.evaluate.report.tables import by_seed, summary, summary_csv
from app.evaluate.results import Run
from app.evaluate.run_folder import write_json, write_text


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
