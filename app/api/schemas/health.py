"""The state of the service in JSON."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from app.service.accelerator.backbones import BackboneView
from app.service.readiness import Readiness


class LiveBody(BaseModel):
    status: Literal["live"] = "live"


class BackboneBody(BaseModel):
    """What extracts patch features, what executes it, and in which arithmetic. `layers`: those that a product can
    choose among; none where they are fixed."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    engine: str
    precision: str
    layers: list[int]

    @classmethod
    def of(cls, view: BackboneView) -> Self:
        return cls.model_validate(view)


class BanksBody(BaseModel):
    """The memory banks in memory. `loads` and `evictions` count from the start; `loading` are under way; `held_bytes`
    are those of banks that were dropped to make room while an inspection still uses them."""

    model_config = ConfigDict(from_attributes=True)

    loaded: int
    loaded_bytes: int
    held_bytes: int
    budget_bytes: int
    pinned: int
    loading: int
    loads: int
    evictions: int


class BatchesBody(BaseModel):
    """The passes of inspections through the backbone in the last minute: `images` in all of them, how many one took and
    how long an image waited, on average. `largest`: the most that one may take."""

    model_config = ConfigDict(from_attributes=True)

    largest: int
    images: int
    mean_size: float | None
    mean_wait_ms: float | None


class ReadyBody(BaseModel):
    """The service can inspect. `waiting` counts pieces of work that queue for the backbone.

    `store_reachable`: false while the store does not answer; loaded banks inspect all the same, nothing can be changed.
    """

    status: Literal["ready"] = "ready"
    backbone: BackboneBody
    device: str
    banks: BanksBody
    waiting: int
    batches: BatchesBody
    store_reachable: bool

    @classmethod
    def of(cls, readiness: Readiness) -> Self:
        return cls(
            backbone=BackboneBody.of(readiness.backbone),
            device=readiness.device,
            banks=BanksBody.model_validate(readiness.banks),
            waiting=readiness.waiting,
            batches=BatchesBody.model_validate(readiness.batches),
            store_reachable=readiness.store_reachable,
        )


class VersionBody(BaseModel):
    """Versions of the service and of what its numbers depend on."""

    version: str
    backbone: BackboneBody
    python: str
    torch: str
    faiss: str
