"""Whether the service can inspect, and what it holds."""

from dataclasses import dataclass

from app.service.accelerator.backbones import BackboneView
from app.service.accelerator.recent_passes import PassesView
from app.service.banks.parts import BanksView
from app.storage.pictures.pictures import PicturesState
from app.storage.records.writer import WriterState


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service can inspect, and on what. `reason` says why not.

    `drifted`: products whose newest inspections no longer look as the good images did. `records`: None where
    inspections are not kept, and `pictures` where those are not.
    While the store cannot be reached, loaded banks go on: that is no reason to send requests elsewhere.
    """

    ready: bool
    reason: str | None
    backbone: BackboneView
    device: str
    banks: BanksView
    waiting: int
    batches: PassesView
    store_reachable: bool
    drifted: int
    records: WriterState | None
    pictures: PicturesState | None
