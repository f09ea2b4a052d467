"""What a caller says with a photograph."""

from dataclasses import dataclass, field

from app.engine.heatmap import HeatmapStyle
from app.engine.patch_map import HeatmapSize
from app.service.deadline import NO_DEADLINE, Deadline
from app.storage.records.record import Metadata


@dataclass(frozen=True, slots=True)
class HeatmapRequest:
    """How the heatmap is wanted. `size`: `map` (the size the backbone saw), `image`, or the smaller edge in px."""

    style: HeatmapStyle = "heat"
    size: HeatmapSize = "map"


@dataclass(frozen=True, slots=True)
class InspectionRequest:
    """What a caller says with an image. `heatmap` None: none wanted. The ids and `metadata` are the caller's own and
    come back. `key_name` (whose key it is, never the key) and `request_id` are for the record."""

    heatmap: HeatmapRequest | None = field(default_factory=HeatmapRequest)
    bank_version: int | None = None
    part_id: str | None = None
    meas_id: str | None = None
    station_id: str | None = None
    metadata: Metadata = field(default_factory=dict)
    deadline: Deadline = NO_DEADLINE
    key_name: str = "-"
    request_id: str = "-"
