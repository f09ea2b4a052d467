"""Evaluations made up for tests."""

from collections.abc import Sequence

from app.evaluate.kept.results import ImageScore, Metrics, Picture, Row, Run, ScoredRow, Verdicts
from app.evaluate.planned.plan import Skipped
from app.evaluate.planned.variant import Variant

VARIANT = Variant("few-shot", "dinov2_vits14", 448, "on", "auto", "paper", "mean_top1p", "float32")
ZERO_SHOT = Variant("zero-shot", "dinov2_vits14", 672, "off", "auto", "paper", "mean_top1p", "float32", "quantile")
NO_METRICS = Metrics(None, None, None, None, None, None)
NO_VERDICTS = Verdicts()
HOSTILE = '<b>&"'
SCORES = (
    ImageScore("test/good/0.png", False, 0.1),
    ImageScore("test/good/1.png", False, 0.3),
    ImageScore("test/bent/0.png", True, 0.2),
    ImageScore("test/bent/1.png", True, 0.4),
)
"""AUROC 3/4."""


def metrics(image_auroc: float | None, pro: float | None = None) -> Metrics:
    """The other metrics are not defined."""
    return Metrics(image_auroc, None, None, None, None, pro)


def scored(
    name: str = "screw",
    shots: int = 1,
    seed: int = 0,
    found: Metrics = NO_METRICS,
    variant: Variant = VARIANT,
    *,
    masked: bool = False,
    full: bool = False,
    verdicts: Verdicts = NO_VERDICTS,
) -> ScoredRow:
    row = Row(name, shots, seed, variant, variant.rotation == "on", masked, 2, 2, found, full, verdicts)
    return ScoredRow(row, SCORES)


def run(
    rows: Sequence[ScoredRow],
    *,
    title: str = "parts",
    variants: Sequence[Variant] = (),
    skipped: Sequence[Skipped] = (),
    pictures: Sequence[Picture] = (),
) -> Run:
    """`variants` in the order that they were asked for."""
    return Run(
        title=title,
        asked={"data_root": "/data/parts", "variants": [variant.label for variant in variants]},
        environment={"inspector": "0.1.0", "commit": "abc1234", "device": "cpu", "processor": "Z80", "cores": "2"},
        rows=tuple(rows),
        skipped=tuple(skipped),
        pictures=tuple(pictures),
        seconds={"extraction": 30.0, "search": 10.0},
    )


def picture(name: str, score: ImageScore, *, shots: int = 1, mask: str | None = "mask.png") -> Picture:
    return Picture(
        name, shots, 0, score.image, score.bad, score.score, 0.5, "original.png", "truth.png", "map.png", mask
    )
