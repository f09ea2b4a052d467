"""The numbers that the authors of AnomalyDINO published, and which measured ones they may stand beside."""

from dataclasses import dataclass, replace

from app.evaluate.planned.layers import OWN
from app.evaluate.planned.tables import KnownDataset, known_dataset
from app.evaluate.planned.variant import Variant
from app.evaluate.report.averages import Group, average

SOURCE = "Damm et al., AnomalyDINO, WACV 2025 (arXiv 2405.14529): AnomalyDINO-S, preset agnostic"
BACKBONE = "dinov2_vits14"


@dataclass(frozen=True, slots=True)
class Published:
    """Means over the objects of a data set, 0..1; None where nothing was published. Zero-shot is 0 shots."""

    dataset: KnownDataset
    shots: int
    smaller_edge: int
    image_auroc: float
    image_auroc_std: float | None = None
    pro: float | None = None


PUBLISHED = (
    Published("MVTec-AD", 1, 448, 0.965, 0.004, 0.917),
    Published("MVTec-AD", 1, 672, 0.966, 0.004, 0.927),
    Published("MVTec-AD", 4, 448, 0.976, None, 0.924),
    Published("MVTec-AD", 4, 672, 0.977, None, 0.934),
    Published("MVTec-AD", 16, 448, 0.983, None, 0.929),
    Published("MVTec-AD", 16, 672, 0.984, None, 0.940),
    Published("VisA", 1, 448, 0.856, 0.015, 0.907),
    Published("VisA", 1, 672, 0.874, 0.012, 0.925),
    Published("VisA", 16, 448, 0.938, None, 0.938),
    Published("VisA", 16, 672, 0.948, None, 0.953),
    Published("MVTec-AD", 0, 448, 0.930),
    Published("MVTec-AD", 0, 672, 0.942),
    Published("VisA", 0, 448, 0.897),
    Published("VisA", 0, 672, 0.907),
)


def published(group: Group) -> Published | None:
    """The published numbers of exactly what was measured: the whole data set (known by the names of its objects), the
    same shots, image size and backbone, and the authors' choices for the rest."""
    if not _authors_choices(group.variant):
        return None
    wanted = (_dataset(group, "image_auroc"), group.shots, group.variant.smaller_edge)
    found = next((each for each in PUBLISHED if (each.dataset, each.shots, each.smaller_edge) == wanted), None)
    return found if found is None or _dataset(group, "pro") == found.dataset else replace(found, pro=None)


def _dataset(group: Group, metric: str) -> KnownDataset | None:
    """The data set whose objects the mean is over."""
    measured = average(group, metric)
    return known_dataset(measured.objects) if measured else None


def _authors_choices(variant: Variant) -> bool:
    """The profile is left open: the service's own differs in steps, not in choices, and is named beside its numbers."""
    chosen = variant.aggregation == "quantile" if variant.mode == "zero-shot" else variant.rotation == "on"
    masked = variant.masking in ("auto", "table")
    network = (variant.backbone, variant.layers) == (BACKBONE, OWN)
    return chosen and masked and network and variant.statistic == "mean_top1p"
