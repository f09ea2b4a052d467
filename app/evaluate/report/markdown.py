"""`report.md`."""

from html import escape

from app.evaluate.report.content import Report
from app.evaluate.report.differences import variants as differences
from app.evaluate.report.table import Table
from app.evaluate.report.verdicts import mistakes
from app.evaluate.report.verdicts.rates import HEADING, MEANING
from app.evaluate.report.wording import LEGEND

SPECIAL = "\\`*[]|"


def markdown(report: Report) -> str:
    """The report without pictures and plots."""
    parts = [f"# Evaluation of {cell(report.title)}"]
    if report.mistakes:
        parts += [_numbers(report.mistakes.numbers), cell(report.mistakes.basis)]
        parts += [f"## {mistakes.HEADING}", cell(mistakes.MEANING), markdown_table(report.mistakes.table)]
        parts += [bullets(report.mistakes.notes)]
    parts += ["## What was evaluated", "\n".join(f"- {cell(name)}: {cell(value)}" for name, value in report.facts)]
    parts += ["## Summary"]
    if report.headline:
        parts += [_numbers(report.headline.numbers), cell(report.headline.basis), cell(report.headline.published)]
    parts += [LEGEND, markdown_table(report.summary), bullets(report.notes)]
    parts += ["## Objects"]
    for heading, table in report.objects:
        parts += [f"### {cell(heading)}", markdown_table(table)]
    if report.differences.rows:
        parts += [f"## {differences.HEADING}", cell(differences.MEANING), markdown_table(report.differences)]
    parts += [f"## {HEADING}", cell(MEANING)]
    for heading, table in report.verdicts:
        parts += [f"### {cell(heading)}", markdown_table(table)]
    for heading, table in _endings(report):
        parts += [f"## {heading}", markdown_table(table)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _numbers(numbers: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"**{name}: {value}**" for name, value in numbers)


def _endings(report: Report) -> list[tuple[str, Table]]:
    return [
        ("Skipped", report.skipped),
        ("Time", report.seconds),
        ("Environment", report.environment),
        ("Asked", report.asked),
    ]


def markdown_table(table: Table) -> str:
    """Pipes; `Nothing.` for a table without rows."""
    if not table.rows:
        return "Nothing."
    ruler = ["---" if position < table.texts else "---:" for position in range(len(table.columns))]
    lines = [[cell(name) for name in table.columns], ruler, *([cell(text) for text in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {cell(sentence)}" for sentence in sentences)


def cell(text: str) -> str:
    """Text as itself on one line, whatever Markdown or HTML it looks like."""
    marked = "".join(f"\\{char}" if char in SPECIAL else char for char in escape(text, quote=False))
    return " ".join(marked.split())
