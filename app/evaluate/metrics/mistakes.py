"""Which test images the service would have got wrong, at its own threshold."""

from dataclasses import dataclass

from app.engine.verdict.calibration import is_not_ok
from app.evaluate.kept.results import ImageScore, ScoredRow


@dataclass(frozen=True, slots=True)
class Mistakes:
    """`false_alarms` are good images that are called bad, the highest score first; `missed` bad ones that are not, the
    lowest first."""

    false_alarms: tuple[ImageScore, ...]
    missed: tuple[ImageScore, ...]


def mistakes(scored: ScoredRow) -> Mistakes | None:
    """None where the service has no threshold with these references."""
    threshold = scored.row.verdicts.threshold
    if threshold is None:
        return None
    rising = sorted(scored.scores, key=lambda each: each.score)
    return Mistakes(
        tuple(each for each in reversed(rising) if not each.bad and is_not_ok(each.score, threshold)),
        tuple(each for each in rising if each.bad and not is_not_ok(each.score, threshold)),
    )
