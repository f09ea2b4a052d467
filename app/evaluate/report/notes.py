"""What a reader of means has to know: which objects and seeds they leave out."""

from collections.abc import Collection, Mapping, Sequence

from app.evaluate.kept.results import METRICS
from app.evaluate.planned.variant import Variant
from app.evaluate.report.averages import Group, average
from app.evaluate.report.wording import METRIC_NAMES, listed, shots_text


def is_partial(group: Group, metric: str) -> bool:
    """Whether the metric's mean leaves out objects or seeds that the group has rows of."""
    found = average(group, metric)
    return found is not None and (found.objects, found.seeds) != (group.objects, group.seeds)


def notes(found: Sequence[Group], labels: Mapping[Variant, str], everything: Collection[str]) -> list[str]:
    """One sentence for each omission, with the groups it is about; `everything` names all objects of the run."""
    concerned: dict[str, list[Group]] = {}
    for group in found:
        for sentence in (*_absent(group, everything), *_partial(group)):
            concerned.setdefault(sentence, []).append(group)
    return [f"{_where(members, found, labels)}{sentence}" for sentence, members in concerned.items()]


def _where(members: Sequence[Group], found: Sequence[Group], labels: Mapping[Variant, str]) -> str:
    """The lines of the summary that a sentence is about; nothing where it is about all."""
    if len(members) == len(found):
        return ""
    shots = dict.fromkeys(group.shots for group in members)
    if len(members) == sum(group.shots in shots for group in found):
        return f"{listed(map(shots_text, shots))}: "
    return "; ".join(f"{shots_text(group.shots)}, {labels[group.variant]}" for group in members) + ": "


def _absent(group: Group, everything: Collection[str]) -> list[str]:
    absent = sorted(set(everything) - set(group.objects))
    return [f"No row of {listed(absent)}; the mean is over the other objects."] if absent else []


def _partial(group: Group) -> list[str]:
    """Metrics whose mean leaves out the same objects and seeds share a sentence."""
    sentences: dict[str, list[str]] = {}
    for metric in METRICS:
        defined = {row.object for row in group.rows if getattr(row.metrics, metric) is not None}
        if not defined:
            continue
        found = average(group, metric)
        without = [name for name in group.objects if name not in defined]
        left_out = [seed for seed in group.seeds if found and seed not in found.seeds]
        for sentence in (_without(without), _left_out(left_out, whole=found is None)):
            if sentence:
                sentences.setdefault(sentence, []).append(METRIC_NAMES[metric])
    return [f"{listed(names)} {sentence}" for sentence, names in sentences.items()]


def _without(objects: Sequence[str]) -> str:
    return f"averaged without {listed(objects)}, where not defined." if objects else ""


def _left_out(seeds: Sequence[int], *, whole: bool) -> str:
    if whole:
        return "without a mean: no seed has all objects."
    word = "seed" if len(seeds) == 1 else "seeds"
    return f"averaged without {word} {listed(seeds)}, where an object is missing." if seeds else ""
