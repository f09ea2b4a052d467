"""How numbers, shots and variants are written in reports."""

from collections.abc import Iterable, Sequence

from app.evaluate.planned.plan import Shots
from app.evaluate.planned.variant import Variant
from app.evaluate.report.averages import Average

METRIC_NAMES = {
    "image_auroc": "Image AUROC",
    "image_ap": "Image AP",
    "image_f1_max": "Image F1-max",
    "pixel_auroc": "Pixel AUROC",
    "pixel_f1_max": "Pixel F1-max",
    "pro": "PRO",
}
COST_NAMES = {"ms_per_image": "ms per image", "bank_bytes": "Bank, MB", "build_s": "Build, s"}
NOTHING = "–"
LEGEND = (
    "All metrics in percent. ± is the sample standard deviation over seeds (n − 1); a single seed has none. Costs are "
    "means over objects and seeds: from a prepared image to its patch distances, what is searched, and the forward "
    "passes of the references with what is made of them. "
    f"{NOTHING} is not defined: test images of one class only, or no ground truth masks."
)


def percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.1f}"


def spread(mean: float | None, std: float | None) -> str:
    """Mean ± standard deviation in percent."""
    return percent(mean) if std is None else f"{percent(mean)} ± {percent(std)}"


def average_text(average: Average | None) -> str:
    return NOTHING if average is None else spread(average.mean, average.std)


def cost_text(name: str, mean: float | None) -> str:
    """A cost with three digits: milliseconds, megabytes, seconds."""
    if mean is None:
        return NOTHING
    shown = mean / 1e6 if name == "bank_bytes" else mean
    return f"{shown:.0f}" if shown >= 100 else f"{shown:.3g}"


def points(difference: float | None) -> str:
    """A difference in percentage points; two decimals, so that a small one still shows."""
    if difference is None:
        return NOTHING
    rounded = round(100 * difference, 2)
    return "0.00" if rounded == 0 else f"{rounded:+.2f}".replace("-", "−")


def shots_text(shots: Shots) -> str:
    if isinstance(shots, str):
        return "full-shot"
    return {0: "zero-shot", 1: "1 shot"}.get(shots, f"{shots} shots")


def counted(number: int, what: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def short_labels(variants: Sequence[Variant]) -> dict[Variant, str]:
    """Each variant by what tells it from the others; a single one by its whole label."""
    parts = [variant.label.split(", ") for variant in variants]
    telling = [len(set(column)) > 1 for column in zip(*parts, strict=True)]
    if not any(telling):
        return {variant: variant.label for variant in variants}
    return {
        variant: listed(part for part, tells in zip(own, telling, strict=True) if tells)
        for variant, own in zip(variants, parts, strict=True)
    }


def common_label(variants: Sequence[Variant]) -> str:
    """What all variants have in common; empty where it is nothing."""
    columns = zip(*(variant.label.split(", ") for variant in variants), strict=True)
    return listed(column[0] for column in columns if len(set(column)) == 1)
