"""Text stays text, tables stay tables."""

from datetime import UTC, datetime

import pytest

from app.evaluate.kept.results import Verdicts
from app.evaluate.planned.plan import Skipped
from app.evaluate.report.content import report
from app.evaluate.report.markdown import cell, markdown, markdown_table
from app.evaluate.report.table import Table
from tests.evaluate.report.runs import HOSTILE, metrics, run, scored


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (HOSTILE, '&lt;b&gt;&amp;"'),
        ("a|b", "a\\|b"),
        ("*`[x]`*\\", "\\*\\`\\[x\\]\\`\\*\\\\"),
        ("two\nlines", "two lines"),
        ("metal_nut", "metal_nut"),
    ],
)
def test_a_cell_shows_its_text(text: str, written: str) -> None:
    assert cell(text) == written


def test_numbers_are_set_flush_right() -> None:
    table = Table(("Object", "PRO"), (("a|b", "91.7"),))
    assert markdown_table(table) == "| Object | PRO |\n| --- | ---: |\n| a\\|b | 91.7 |"


def test_a_table_without_rows_says_so() -> None:
    assert markdown_table(Table(("Object",), ())) == "Nothing."


def test_the_report_has_its_numbers_and_sections() -> None:
    judged = scored(HOSTILE, 1, 0, metrics(0.912), verdicts=Verdicts(0.25, 0.2, 0.5))
    made = run([judged], title=HOSTILE, skipped=[Skipped("x", 4, 1, "too | few")])
    text = markdown(report(made, datetime(2025, 3, 1, tzinfo=UTC)))
    assert text.startswith(
        '# Evaluation of &lt;b&gt;&amp;"\n\n**Good parts called bad (promised: at most 20.0 %): 1 of 2**, '
    )
    assert "## Summary\n\n**Image AUROC: 91.2**\n" in text
    assert '| &lt;b&gt;&amp;" | 1 | 1 of 2 (50.0 %) | 20.0 % | 50.0 % | 1 of 2 (50.0 %) |' in text
    assert '| &lt;b&gt;&amp;" | 2 | 2 | 1 | yes | no | 91.2 | – | – | – | – | – |' in text
    assert "| x | 4 | 1 | too \\| few |" in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## False alarms and missed parts",
        "## What was evaluated",
        "## Summary",
        "## Objects",
        "## At the service's own threshold",
        "## Skipped",
        "## Time",
        "## Environment",
        "## Asked",
    ]
