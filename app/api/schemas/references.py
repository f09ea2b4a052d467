"""References in JSON."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from app.api.schemas.masking import MaskingBody
from app.api.schemas.quality import FindingBody
from app.service.references.registration import Registered
from app.storage.documents import BankManifest, ReferenceEntry


class AppearanceBody(BaseModel):
    """What a photograph looks like to no backbone: mean grey level and its standard deviation, 0..255; `sharpness`,
    1/px²; where what stands out from the ground lies, as shares of width and height; `detail`: the deviation without
    noise and shading, null where an earlier release measured it."""

    model_config = ConfigDict(from_attributes=True)

    brightness: float
    contrast: float
    sharpness: float
    centroid_x: float
    centroid_y: float
    detail: float | None


class ReferenceBody(BaseModel):
    """One reference of the memory bank. `sha256` is of the file as uploaded, and its id.

    `rows` counts the patch features it gave, `foreground_fractions` the share of patches kept at each angle, 0..1,
    `appearance` is null where an earlier release registered it.
    """

    model_config = ConfigDict(from_attributes=True)

    sha256: str
    segment: str
    rows: int
    foreground_fractions: list[float]
    filename: str | None
    media_type: str
    width: int
    height: int
    size_bytes: int
    added_at: str
    appearance: AppearanceBody | None

    @classmethod
    def of(cls, entry: ReferenceEntry) -> Self:
        return cls.model_validate(entry)


class ReferenceList(BaseModel):
    """The references of the active bank."""

    product_id: str
    references: list[ReferenceBody]


class ReceivedReference(BaseModel):
    """`findings`: what may be wrong with a new one; it was registered all the same."""

    sha256: str
    already_present: bool
    findings: list[FindingBody]


class RegisteredBody(BaseModel):
    """Outcome of a registration: `bank_version` holds every image in `received`, new or already present."""

    product_id: str
    product_created: bool
    bank_version: int
    reference_count: int
    rows: int
    received: list[ReceivedReference]
    masking: MaskingBody | None
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, registered: Registered) -> Self:
        manifest = registered.manifest
        return cls(
            product_id=registered.product_id,
            product_created=registered.product_created,
            bank_version=manifest.version,
            reference_count=len(manifest.references),
            rows=manifest.rows,
            received=[
                ReceivedReference(
                    sha256=sha256,
                    already_present=sha256 in registered.already_present,
                    findings=[FindingBody.model_validate(each) for each in registered.findings.get(sha256, ())],
                )
                for sha256 in registered.received
            ],
            masking=MaskingBody.of(registered.product_id, registered.masking) if registered.masking else None,
            timings_ms=dict(registered.timings_ms),
        )


class RemovedReference(BaseModel):
    """After a reference was removed: the bank version without it, and how many references that has."""

    product_id: str
    sha256: str
    bank_version: int
    reference_count: int

    @classmethod
    def of(cls, product_id: str, sha256: str, manifest: BankManifest) -> Self:
        return cls(
            product_id=product_id,
            sha256=sha256,
            bank_version=manifest.version,
            reference_count=len(manifest.references),
        )
