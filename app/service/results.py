"""What the use cases answer: plain values, without a word about HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.engine.calibration import CalibrationState, Threshold
from app.engine.heatmap import Heatmap, HeatmapStyle
from app.engine.hygiene import FindingKind
from app.engine.masking_verdict import MaskingVerdict
from app.engine.options import Masking
from app.engine.regions import Region
from app.service.drift import NOTHING_SEEN, DriftView
from app.storage.documents import BankManifest, Product

Verdict = Literal["ok", "not_ok", "not_decidable"]
ThresholdSource = Literal["manual", "provisional", "calibrated"]
Flag = Literal[
    "uncalibrated",
    "unlike_references",
    "threshold_stale",
    "drift",
    "mask_untrusted",
    "mask_untested",
    "mask_empty",
    "bank_unconfirmed",
]


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file as it came."""

    data: bytes
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class BackboneView:
    """A loaded backbone: its name, what executes it, and its arithmetic."""

    name: str
    engine: str
    precision: str


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product and the state of its bank. `bank_version` is None before the first registration.

    `backbone` made the bank that serves; before the first registration, it is the one that would make it.

    `rebuild_needed`: the settings that make features (or the default backbone) have changed since the active bank was
    made and no bank with the new ones serves yet. `problem`: why the bank cannot serve and what to do, if so.
    """

    product: Product
    bank_version: int | None
    bank_loaded: bool
    backbone: str
    references: int
    rebuild_needed: bool
    masking: "MaskingView | None"
    problem: str | None = None
    calibration: CalibrationState = "none"
    drift: DriftView = NOTHING_SEEN

    @property
    def ready(self) -> bool:
        return self.bank_version is not None


@dataclass(frozen=True, slots=True)
class MaskingView:
    """The product's masking: its setting, the stored verdict of the masking test, and whether masks are applied."""

    setting: Masking
    applied: bool
    reference: str
    verdict: MaskingVerdict


@dataclass(frozen=True, slots=True)
class ReferenceFinding:
    """What may be wrong with a reference, and what to do. `other`: the SHA-256 of the reference it is all but the same
    as."""

    kind: FindingKind
    message: str
    numbers: Mapping[str, float]
    other: str | None


@dataclass(frozen=True, slots=True)
class Registered:
    """Outcome of a registration: the bank version that holds every reference sent, which of them were new, and what may
    be wrong with these, by SHA-256."""

    product_id: str
    product_created: bool
    manifest: BankManifest
    received: tuple[str, ...]
    already_present: frozenset[str]
    masking: MaskingView | None
    findings: Mapping[str, tuple[ReferenceFinding, ...]] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeatmapRequest:
    """How the heatmap is wanted. `size`: `map` (the size the backbone saw), `image`, or the smaller edge in px."""

    style: HeatmapStyle = "heat"
    size: Literal["map", "image"] | int = "map"


@dataclass(frozen=True, slots=True)
class InspectionRequest:
    """What a caller says with an image. `heatmap` None: none wanted. The ids are the caller's own and are echoed."""

    heatmap: HeatmapRequest | None = field(default_factory=HeatmapRequest)
    bank_version: int | None = None
    part_id: str | None = None
    meas_id: str | None = None
    station_id: str | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """A quantity of an image that tells whether it shows the product at all, and the limits that good photographs set;
    None: there is none on this side."""

    quantity: Literal["median_distance", "contrast", "foreground_fraction"]
    value: float
    low: float | None
    high: float | None

    @property
    def fits(self) -> bool:
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of an image score. `threshold` is None while there is none, `promise` (what is promised of it) also
    where a person has set it; `score_normalized` is the score in units of the threshold (above 1: not ok), None where
    the threshold is 0; `p_value` the share of good parts that are as odd, None while uncalibrated."""

    state: CalibrationState
    source: ThresholdSource | None
    threshold: float | None
    promise: Threshold | None
    score_normalized: float | None
    p_value: float | None
    verdict: Verdict
    flags: tuple[Flag, ...]
    likeness: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class Commissioning:
    """The image can be confirmed as good by its `sha256`; how many good ones there are, and how many are needed."""

    sha256: str
    good: int
    needed: int


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """One inspected image. `score` is the image score in units of the patch distance, unrounded. `regions` is None
    where no threshold is known to tell them by; `references` are those of the bank (SHA-256), in its order."""

    inspection_id: str
    product_id: str
    bank_version: int
    backbone: str
    score: float
    flags: tuple[Flag, ...]
    foreground_fraction: float
    heatmap: Heatmap | None
    width: int
    height: int
    sha256: str
    timings_ms: Mapping[str, float]
    created_at: str
    request: InspectionRequest
    judgement: Judgement
    regions: tuple[Region, ...] | None
    references: tuple[str, ...]
    commissioning: Commissioning | None


@dataclass(frozen=True, slots=True)
class BanksView:
    """The banks in memory: how many, their bytes, those of banks that were dropped while still in use, and the most
    they may take; how many are pinned, how many loads are under way; loads and evictions since the start."""

    loaded: int
    loaded_bytes: int
    held_bytes: int
    budget_bytes: int
    pinned: int
    loading: int
    loads: int
    evictions: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service can inspect, and on what. `reason` says why not.

    While the store cannot be reached, loaded banks go on: that is no reason to send requests elsewhere.
    """

    ready: bool
    reason: str | None
    backbone: BackboneView
    device: str
    banks: BanksView
    waiting: int
    store_reachable: bool
