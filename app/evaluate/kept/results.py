"""What an evaluation found: rows of metrics, the scores behind them, the pictures beside them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from app.evaluate.kept.pixel_counts import PixelCounts
from app.evaluate.measured.costs import COSTS, NO_COSTS, Costs
from app.evaluate.planned.plan import Skipped
from app.evaluate.planned.variant import Variant


@dataclass(frozen=True, slots=True)
class Metrics:
    """ALGORITHM 8, each 0..1; None where it is not defined: one class only, or no ground truth masks."""

    image_auroc: float | None
    image_ap: float | None
    image_f1_max: float | None
    pixel_auroc: float | None
    pixel_f1_max: float | None
    pro: float | None


METRICS: tuple[str, ...] = tuple(each.name for each in fields(Metrics))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What three thresholds of the image score do to the test images: a part is called bad above them.

    `threshold` is the service's own, set by the references alone; None where the service has none. It promises a false
    alarm rate, at most, as the mean over products, and at most `false_alarm_rate_95` of a single one with 95 %
    confidence. `false_alarm_rate` and `detection_rate` are the shares of good and of bad test images above it.
    The oracle's is the threshold with the largest F1 on these very images, which nobody has in practice; None with
    images of one class alone.
    The calibrated one is set by `calibration_images` good test images that are held out, half of them by a draw, and
    promises in the same way; its rates are those of the images that are left. None without good images.
    Rates are 0..1.
    """

    threshold: float | None = None
    promised_false_alarm_rate: float | None = None
    false_alarm_rate_95: float | None = None
    false_alarm_rate: float | None = None
    detection_rate: float | None = None
    oracle_threshold: float | None = None
    oracle_false_alarm_rate: float | None = None
    oracle_detection_rate: float | None = None
    calibration_images: int | None = None
    calibrated_threshold: float | None = None
    calibrated_promised_rate: float | None = None
    calibrated_rate_95: float | None = None
    calibrated_false_alarm_rate: float | None = None
    calibrated_detection_rate: float | None = None


VERDICTS: tuple[str, ...] = tuple(each.name for each in fields(Verdicts))
RATES: tuple[str, ...] = tuple(name for name in VERDICTS if "_rate" in name)
"""Those that are averaged; a threshold belongs to its bank."""


@dataclass(frozen=True, slots=True)
class Row:
    """One object at one number of shots and one seed (zero-shot: 0 and 0), under one variant.

    `rotated` and `masked` say what was done for this object, whoever decided it. `good` and `bad` count test images.
    `full`: the bank held every reference that there is (full-shot), so that `shots` differs from object to object.
    """

    object: str
    shots: int
    seed: int
    variant: Variant
    rotated: bool
    masked: bool
    good: int
    bad: int
    metrics: Metrics
    full: bool = False
    verdicts: Verdicts = Verdicts()
    costs: Costs = field(default=NO_COSTS, compare=False)

    def flat(self) -> dict[str, Any]:
        """As it stands in `summary.json` and the CSV: all on one level, variant, metrics and verdicts too."""
        own = {"object": self.object, "shots": self.shots, "seed": self.seed, "full": self.full}
        counts = {"rotated": self.rotated, "masked": self.masked, "good": self.good, "bad": self.bad}
        return own | asdict(self.variant) | counts | asdict(self.metrics) | asdict(self.verdicts) | asdict(self.costs)

    @classmethod
    def of(cls, flat: Mapping[str, Any]) -> Self:
        """The row behind `flat`. KeyError where a field is missing; rows without verdicts were written before there
        were any."""
        metrics = Metrics(**{name: flat[name] for name in METRICS})
        own = {name: flat[name] for name in ("object", "shots", "seed", "full", "rotated", "masked", "good", "bad")}
        verdicts = Verdicts(**{name: flat.get(name) for name in VERDICTS})
        costs = Costs(**{name: flat.get(name) for name in COSTS})
        return cls(variant=Variant.of(flat), metrics=metrics, verdicts=verdicts, costs=costs, **own)

    def value(self, name: str) -> float | None:
        """One of the metrics, of the numbers of the verdicts or of the costs."""
        part = self.verdicts if name in VERDICTS else self.costs if name in COSTS else self.metrics
        found: float | None = getattr(part, name)
        return found


@dataclass(frozen=True, slots=True)
class ImageScore:
    """The image score of one test image; `image` is its path below the object's folder."""

    image: str
    bad: bool
    score: float


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row with the scores behind it, in the order of the test images; when it has just been made also with the pixels
    behind it, if there is ground truth (`RunFolder.pixels` has them later)."""

    row: Row
    scores: tuple[ImageScore, ...]
    pixels: PixelCounts | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """One test image as the report shows it; the file names are relative to the run's folder.

    `truth` is None without ground truth, `mask` None where nothing is masked. `scale_max` is the anomaly-map value at
    the hot end of the colours of `map`: the bank's, the same for all pictures of it.
    """

    object: str
    shots: int
    seed: int
    image: str
    bad: bool
    score: float
    scale_max: float
    original: str
    truth: str | None
    map: str
    mask: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A whole evaluation. `asked` is the command's options by name, `environment` versions, machine and commit,
    `seconds` what each stage took over the whole run, `folder` where it is kept."""

    title: str
    asked: Mapping[str, Any]
    environment: Mapping[str, str]
    rows: tuple[ScoredRow, ...]
    skipped: tuple[Skipped, ...]
    pictures: tuple[Picture, ...]
    seconds: Mapping[str, float]
    folder: Path | None = None
