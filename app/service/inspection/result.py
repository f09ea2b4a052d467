"""What an inspection answers: plain values, without a word about HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.engine.heatmap import Heatmap
from app.engine.options import Search
from app.engine.patch_map import PatchMap
from app.engine.photograph.preprocess import UnseenEdge
from app.engine.verdict.regions import Region
from app.service.accelerator.batches import Batch
from app.service.calibration.commissioning import Commissioning
from app.service.inspection.request import InspectionRequest
from app.service.verdicts.verdict import Flag, Judgement
from app.storage.records.record import PicturesKept


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """One inspected image. `score` is the image score in units of the patch distance, unrounded. `regions` is None
    where no threshold is known to tell them by; `unseen_edge` is None where all of the image was looked at,
    but for what is masked; `media_type` is the photograph's; `batch` is the one that it went through the backbone in;
    `references` are those of the bank (SHA-256), in its order."""

    inspection_id: str
    product_id: str
    bank_version: int
    backbone: str
    engine: str
    precision: str
    search: Search
    score: float
    flags: tuple[Flag, ...]
    foreground_fraction: float
    unseen_edge: UnseenEdge | None
    heatmap: Heatmap | None
    patch_map: PatchMap
    media_type: str
    width: int
    height: int
    sha256: str
    batch: Batch
    timings_ms: Mapping[str, float]
    created_at: str
    request: InspectionRequest
    judgement: Judgement
    regions: tuple[Region, ...] | None
    references: tuple[str, ...]
    commissioning: Commissioning | None
    pictures: PicturesKept = "none"
