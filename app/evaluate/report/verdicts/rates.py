"""What the service's own threshold would do, in tables for a reader without statistics."""

from dataclasses import replace

from app.evaluate.kept.results import RATES
from app.evaluate.report.averages import Average, Group, average
from app.evaluate.report.table import Table
from app.evaluate.report.wording import NOTHING, average_text

HEADING = "At the service's own threshold"
MEANING = (
    "In percent. Promised: how many good parts the service calls bad, at most, averaged over products; 95 %: at "
    "most so many on a single product, with 95 % confidence. False alarms: how many good test images score above "
    "its provisional threshold, which it sets by comparing the references with each other; a single draw may well "
    "exceed what is promised of the average, and a few seeds show neither. Found: how many bad ones do. Oracle: the "
    "same for the threshold that suits these very test images best (the largest F1), which nobody has in practice. "
    "Calibrated: the same for a threshold that half of the good test images set, drawn by the seed, with alpha 5 % or "
    "the smallest that so few images allow; false alarms are those of the other half. "
    f"Images that the service would leave undecided are counted by their score. {NOTHING} is not defined: fewer than "
    "three references, masks by the profile paper, or test images of one class only. *: without the objects and "
    "seeds that have no such number, or no threshold of the service to compare with."
)
COLUMNS = (
    *("Promised", "95 %", "False alarms", "Found"),
    *("Oracle's false alarms", "Oracle's found"),
    *("Calibrated: promised", "95 %", "False alarms", "Found"),
)
"""Names of `RATES`, in their order."""


def verdict_table(group: Group) -> Table:
    """A line for each object, and their mean."""
    rows = [_line(name, group.only(name)) for name in group.objects]
    return Table(("Object", *COLUMNS), (*rows, _line("Mean", group)), ends_in_mean=True)


def _line(name: str, group: Group) -> tuple[str, ...]:
    """Where only some rows have a threshold of the service, over these: the oracle's must be of the same images."""
    with_threshold = tuple(row for row in group.rows if row.verdicts.threshold is not None)
    over = replace(group, rows=with_threshold or group.rows)
    return (name, *(_starred(average(over, rate), group) for rate in RATES))


def _starred(found: Average | None, group: Group) -> str:
    """The mean, marked where it leaves out objects or seeds of the group."""
    whole = found is None or (found.objects, found.seeds) == (group.objects, group.seeds)
    return average_text(found) + ("" if whole else "*")
