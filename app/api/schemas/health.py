"""The state of the service in JSON."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from app.service.results import BackboneView, Readiness


class LiveBody(BaseModel):
    status: Literal["live"] = "live"


class BackboneBody(BaseModel):
    """What extracts patch features, what executes it, and in which arithmetic."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    engine: str
    precision: str

    @classmethod
    def of(cls, view: BackboneView) -> Self:
        return cls.model_validate(view)


class ReadyBody(BaseModel):
    """The service can inspect. `waiting` counts pieces of work that queue for the backbone."""

    status: Literal["ready"] = "ready"
    backbone: BackboneBody
    device: str
    loaded_banks: int
    loaded_bank_bytes: int
    waiting: int

    @classmethod
    def of(cls, readiness: Readiness) -> Self:
        return cls(
            backbone=BackboneBody.of(readiness.backbone),
            device=readiness.device,
            loaded_banks=readiness.loaded_banks,
            loaded_bank_bytes=readiness.loaded_bank_bytes,
            waiting=readiness.waiting,
        )


class VersionBody(BaseModel):
    """Versions of the service and of what its numbers depend on."""

    version: str
    backbone: BackboneBody
    python: str
    torch: str
    faiss: str
