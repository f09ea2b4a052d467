"""False alarms and missed parts, in numbers of parts: what a report begins with."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.evaluate.dataset import GOOD
from app.evaluate.kept.results import Picture
from app.evaluate.metrics.mistakes import Mistakes, mistakes
from app.evaluate.report.shown import Shown
from app.evaluate.report.table import Table
from app.evaluate.report.wording import NOTHING, counted, listed, percent, shots_text

HEADING = "False alarms and missed parts"
MEANING = (
    "At the threshold that the service sets by itself, from the references alone. Promised: at most so many good parts "
    "are called bad, averaged over products; 95 %: at most so many on a single product, with 95 % confidence. Nothing "
    "is promised of missed parts. Images that the service would leave undecided are counted by their score."
)
NO_THRESHOLD = (
    "Nothing can be said of false alarms and missed parts: the service has no threshold of its own with fewer than "
    "three references, and with masks by the profile paper. Ask for --shots 4 and --profile robust."
)


@dataclass(frozen=True, slots=True)
class MistakesReport:
    """`numbers`: names and values over all objects; empty where no object has a threshold, and `basis` says why."""

    numbers: tuple[tuple[str, str], ...]
    basis: str
    table: Table
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pictured:
    """Mistakes of one kind, of one object: `told` says how many, and how many of them have a picture."""

    told: str
    pictures: tuple[Picture, ...]


def mistakes_report(everything: Sequence[Shown]) -> MistakesReport:
    """What the service would have got wrong of each object that is shown, and of all."""
    judged = [(each, found) for each in everything if (found := mistakes(each.scored))]
    false_alarms = sum(len(found.false_alarms) for _, found in judged)
    missed = sum(len(found.missed) for _, found in judged)
    good, bad = (sum(getattr(each.scored.row, name) for each, _ in judged) for name in ("good", "bad"))
    numbers = (
        (f"Good parts called bad{_promise(judged)}", f"{false_alarms} of {good}"),
        ("Bad parts missed", f"{missed} of {bad}"),
    )
    return MistakesReport(
        numbers if judged else (),
        _basis(judged) if judged else NO_THRESHOLD,
        Table(
            ("Object", "References", "Good parts called bad", "Promised, at most", "95 %", "Bad parts missed"),
            tuple(_line(each) for each in everything),
        ),
        tuple(_notes(everything)),
    )


def pictured(each: Shown) -> list[Pictured]:
    """The mistakes of an object that there are, as they are shown."""
    found = mistakes(each.scored) or Mistakes((), ())
    pictures = {picture.image: picture for picture in each.pictures}
    kinds = (("bad part", "missed", found.missed), ("good part", "called bad", found.false_alarms))
    return [
        Pictured(f"{counted(len(images), part)} {what}{_limited(own, len(images))}", own)
        for part, what, images in kinds
        if images
        for own in [tuple(pictures[image.image] for image in images if image.image in pictures)]
    ]


def _limited(pictures: Sequence[Picture], count: int) -> str:
    if len(pictures) == count:
        return ""
    return f"; the worst {len(pictures)} are shown" if pictures else "; there are no pictures"


def _basis(judged: Sequence[tuple[Shown, Mistakes]]) -> str:
    rows = [each.scored.row for each, _ in judged]
    shots = listed(dict.fromkeys(shots_text(row.shots) for row in rows))
    seeds = listed(dict.fromkeys(row.seed for row in rows))
    variants = "; ".join(dict.fromkeys(row.variant.label for row in rows))
    return f"At the service's own threshold. {counted(len(rows), 'object')}, {shots}, seed {seeds}. {variants}."


def _promise(judged: Sequence[tuple[Shown, Mistakes]]) -> str:
    """What was promised of false alarms, where it is the same of all objects."""
    promised = {percent(each.scored.row.verdicts.promised_false_alarm_rate) for each, _ in judged}
    return f" (promised: at most {promised.pop()} %)" if len(promised) == 1 else ""


def _line(each: Shown) -> tuple[str, ...]:
    row, found = each.scored.row, mistakes(each.scored)
    if found is None:
        return (row.object, str(row.shots), *[NOTHING] * 4)
    promised = (row.verdicts.promised_false_alarm_rate, row.verdicts.false_alarm_rate_95)
    return (
        row.object,
        str(row.shots),
        _share(len(found.false_alarms), row.good),
        *(NOTHING if rate is None else f"{percent(rate)} %" for rate in promised),
        _share(len(found.missed), row.bad),
    )


def _share(count: int, among: int) -> str:
    return f"{count} of {among} ({percent(count / among)} %)" if among else NOTHING


def _notes(everything: Sequence[Shown]) -> list[str]:
    """Images that were taken for good though they lie among the defects."""
    notes = []
    for each in everything:
        empty = [image.image for image in each.scored.scores if not image.bad and image.image.split("/")[1] != GOOD]
        if empty:
            notes.append(
                f"{each.scored.row.object}: {counted(len(empty), 'image')} of a defect's folder counted as good, "
                f"because the mask marks nothing: {listed(empty[:3])}{', …' if len(empty) > 3 else ''}."
            )
    return notes
