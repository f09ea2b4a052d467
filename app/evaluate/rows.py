"""From measurements to rows: one bank, the test images, the metrics."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.left_out import heat_scale as largest_left_out
from app.engine.masking.foreground import scored_patches
from app.engine.options import Profile, Rotation, Statistic
from app.engine.types import Geometry
from app.engine.verdict.calibration import Threshold, provisional
from app.engine.verdict.left_out_scores import decided_scores
from app.engine.verdict.scoring import anomaly_map, image_score
from app.errors import InvalidDataset
from app.evaluate.dataset import ObjectData
from app.evaluate.kept.pixel_counts import PixelCounts
from app.evaluate.kept.results import ImageScore, Metrics, Row, ScoredRow
from app.evaluate.masks import read_mask
from app.evaluate.measured.measurements import Measurements
from app.evaluate.measured.needs import compared_in
from app.evaluate.measured.seen import Seen
from app.evaluate.metrics.ground_truth import GroundTruth, ground_truth
from app.evaluate.metrics.image import image_metrics
from app.evaluate.metrics.pixel import PixelHistogram, PixelMetrics
from app.evaluate.metrics.pixel_counts import image_counts, together
from app.evaluate.metrics.verdicts import verdicts
from app.evaluate.planned.choices import OWN_STATISTIC
from app.evaluate.planned.plan import Draw, masking_of, rotation_of, tested_reference
from app.evaluate.planned.statistic import statistic
from app.evaluate.planned.variant import Variant

ANY_FRACTION = [0.0, 1.0]
"""Zero-shot without a single photograph of a good part: no foreground to compare a mask with."""


@dataclass(frozen=True, slots=True)
class Truths:
    """The ground truth of an object's test images, in their order: None where an image has no mask."""

    masks: tuple[GroundTruth | None, ...]
    bad: NDArray[np.bool_]


def truths(data: ObjectData, geometries: Sequence[Geometry]) -> Truths:
    """Read the ground truth masks of the test images.

    An image is bad if it lies in a defect's folder and, where there is a mask, the mask marks something.

    Raises:
        InvalidDataset: a mask cannot be read, or not in one way only; or most of the masks seem to be inverted.
    """
    masks = tuple(
        ground_truth(read_mask(image.mask, (size.original.height, size.original.width))) if image.mask else None
        for image, size in zip(data.test, geometries, strict=True)
    )
    _require_small_defects(data, masks)
    bad = [image.is_defect and (mask is None or mask.regions > 0) for image, mask in zip(data.test, masks, strict=True)]
    return Truths(masks, np.array(bad))


def _require_small_defects(data: ObjectData, masks: Sequence[GroundTruth | None]) -> None:
    """One defect may well be larger than half of its image; most are not."""
    marking = [(image.mask, mask) for image, mask in zip(data.test, masks, strict=True) if mask and mask.regions]
    large = [path for path, mask in marking if len(mask.pixels) > np.prod(mask.shape) / 2]
    if len(large) > len(marking) / 2:
        raise InvalidDataset(
            f"{large[0]}: the mask marks more than half of its image as defective, as {len(large)} of {len(marking)} "
            f"masks of {data.name} do. If they are inverted, make what is defective white and all else black; if not, "
            "leave the folder ground_truth out to evaluate without masks."
        )


def seen(variant: Variant, draw: Draw, data: ObjectData, measured: Measurements) -> Seen:
    """Patch distances to the bank of a draw, masked as the variant says, decided as the service decides it."""
    if variant.aggregation:
        rotation: Rotation = "off"
        distances = measured.batch_distances(variant.aggregation)
    else:
        rotation = rotation_of(variant, data.name)
        distances = measured.distances(draw.references, rotation)
    masked = _masks(variant, draw, data, measured)
    foregrounds = [np.ones(len(each), bool) for each in distances]
    if masked:
        fractions = measured.foreground_fractions(draw.references or data.train[:1], rotation) or ANY_FRACTION
        foregrounds = [scored_patches(mask, variant.profile, fractions)[0] for mask in measured.masks(variant.profile)]
    return Seen(
        [np.where(mask, each, np.float32(0)) for each, mask in zip(distances, foregrounds, strict=True)],
        foregrounds,
        measured.geometries(measured.tests),
        measured.left_out(draw.references, rotation, masked=masked),
        [measured.foreground_fractions([path], rotation) for path in compared_in(draw.references)] if masked else None,
        rotated=rotation == "on",
        masked=masked,
        costs=measured.costs(draw.references, rotation),
    )


def bank_scale(looked: Seen, profile: Profile) -> float | None:
    """The hot end of the colour scale, the service's (ALGORITHM 5.4); None for fewer than two references."""
    return largest_left_out(looked.left_out, foreground_only=profile == "robust" and looked.masked)


def colour_scale(looked: Seen, variant: Variant, heat_scale: float) -> float:
    """The hot end of the colour scale: the bank's; without one the backbone's constant (`heat_scale`) for AnomalyDINO,
    and of methods whose distances are others twice the median of the images' largest."""
    if scale := bank_scale(looked, variant.profile):
        return scale
    if variant.method == "anomalydino":
        return heat_scale
    return 2 * float(np.median([distances.max(initial=0) for distances in looked.distances])) or 1.0


def service_threshold(looked: Seen, profile: Profile, reduced: Statistic) -> Threshold | None:
    """The threshold that the service would have with the references of the bank.

    None where it would have none: for fewer than three references that get a verdict from the others, and for masks by
    the paper's profile. That a reference lacks contrast, or is of another size, is not looked at here.
    """
    if profile == "paper" and looked.masked:
        return None
    scores = decided_scores(looked.left_out, looked.fractions, profile, reduced, looked.metric)
    return provisional(scores, len(looked.left_out) - len(scores))


def _masks(variant: Variant, draw: Draw, data: ObjectData, measured: Measurements) -> bool:
    masking = masking_of(variant, data.name)
    reference = tested_reference(draw, data)
    if masking == "auto":
        return reference is not None and measured.accepted(reference, variant.profile)
    return masking == "on"


def scored_rows(
    variants: Sequence[Variant],
    draw: Draw,
    data: ObjectData,
    looked: Seen,
    truth: Truths,
    threads: int,
) -> list[ScoredRow]:
    """The rows of variants that differ in nothing but the statistic, and so share their anomaly maps."""
    pixel, counts = PixelMetrics(None, None, None), None
    if data.has_masks:
        pixel, counts = _pixel_metrics(looked, truth, variants[0], threads)
    return [replace(_scored_row(variant, draw, data, looked, truth, pixel), pixels=counts) for variant in variants]


def _pixel_metrics(looked: Seen, truth: Truths, variant: Variant, threads: int) -> tuple[PixelMetrics, PixelCounts]:
    """Of all images together, and what there is to count of each."""
    images: dict[int, PixelCounts] = {}

    def counted(start: int) -> PixelHistogram:
        histogram = PixelHistogram()
        for position in range(start, len(looked.distances), threads):
            shown = anomaly_map(looked.distances[position], looked.geometries[position], variant.profile)
            histogram.add(shown, truth.masks[position])
            images[position] = image_counts(shown, truth.masks[position])
        return histogram

    with ThreadPoolExecutor(threads) as pool:
        first, *others = pool.map(counted, range(threads))
    for other in others:
        first.merge(other)
    return first.metrics(), together([images[position] for position in sorted(images)])


def _scored_row(
    variant: Variant, draw: Draw, data: ObjectData, looked: Seen, truth: Truths, pixel: PixelMetrics
) -> ScoredRow:
    reduced = Statistic("max") if variant.statistic == OWN_STATISTIC else statistic(variant.statistic)
    scores = looked.scores or [
        image_score(*pair, reduced) for pair in zip(looked.distances, looked.foregrounds, strict=True)
    ]
    image = image_metrics(np.array(scores), truth.bad)
    threshold = service_threshold(looked, variant.profile, reduced)
    row = Row(
        object=data.name,
        shots=draw.shots,
        seed=draw.seed,
        variant=variant,
        rotated=looked.rotated,
        masked=looked.masked,
        good=int((~truth.bad).sum()),
        bad=int(truth.bad.sum()),
        metrics=Metrics(image.auroc, image.ap, image.f1_max, pixel.auroc, pixel.f1_max, pixel.pro),
        full=0 < draw.shots == len(data.train),
        verdicts=verdicts(np.array(scores), truth.bad, threshold, draw.seed),
        costs=looked.costs,
    )
    named = zip(data.test, truth.bad, scores, strict=True)
    return ScoredRow(row, tuple(ImageScore(each.name, bool(bad), score) for each, bad, score in named))
