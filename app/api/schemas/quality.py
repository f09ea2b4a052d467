"""What may be wrong with references, in JSON."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.engine.hygiene import LARGEST_TRIMMED_SHARE, Coverage, FindingKind
from app.service.references.hygiene import Quality, Trimmed


class RegistrationQuery(BaseModel):
    """How references are taken."""

    unfit: Literal["report", "refuse"] = Field(
        default="report",
        description="What happens to photographs that are blurred, dark, of another size or there already.",
    )


class TrimQuery(BaseModel):
    """How many references are left out."""

    share: float = Field(
        default=0.2, gt=0, le=LARGEST_TRIMMED_SHARE, allow_inf_nan=False, description="Of the references, rounded down."
    )
    dry_run: bool = Field(default=False, description="Only tell which ones.")


class FindingBody(BaseModel):
    """`message` says what to do; `numbers` what it rests on, limits among them; `other`: which reference a near
    duplicate is all but the same as."""

    model_config = ConfigDict(from_attributes=True)

    kind: FindingKind
    message: str
    numbers: dict[str, float]
    other: str | None


class ReferenceQualityBody(BaseModel):
    """`suspicion`: how much a reference stands out, 1 as the others do; `adds`: by what share the others would score
    higher without it. Null where that was not compared."""

    sha256: str
    filename: str | None
    findings: list[FindingBody]
    suspicion: float | None
    adds: float | None


class CoverageBody(BaseModel):
    """`scores`: mean image score of a left-out reference in a bank of 1, 2, … of the others. `gain`: by what share it
    fell with the last one; about what, at most, one more would bring."""

    scores: list[float]
    gain: float
    adds_least: str

    @classmethod
    def of(cls, covered: Coverage, quality: Quality) -> Self:
        adds_least = list(quality.adds)[covered.adds_least]
        return cls(scores=list(covered.scores), gain=covered.gain, adds_least=adds_least)


class QualityBody(BaseModel):
    """The references of the bank that serves. `coverage` is null for fewer than three."""

    product_id: str
    bank_version: int
    references: list[ReferenceQualityBody]
    coverage: CoverageBody | None

    @classmethod
    def of(cls, product_id: str, quality: Quality) -> Self:
        covered = quality.coverage
        return cls(
            product_id=product_id,
            bank_version=quality.manifest.version,
            references=[
                ReferenceQualityBody(
                    sha256=entry.sha256,
                    filename=entry.filename,
                    findings=[FindingBody.model_validate(each) for each in quality.findings[entry.sha256]],
                    suspicion=quality.suspicions.get(entry.sha256),
                    adds=quality.adds.get(entry.sha256),
                )
                for entry in quality.manifest.references
            ],
            coverage=CoverageBody.of(covered, quality) if covered else None,
        )


class TrimmedBody(BaseModel):
    """The references that were left out (or would be), and the version that serves."""

    product_id: str
    bank_version: int
    reference_count: int
    removed: list[str]

    @classmethod
    def of(cls, product_id: str, trimmed: Trimmed) -> Self:
        manifest = trimmed.manifest
        return cls(
            product_id=product_id,
            bank_version=manifest.version,
            reference_count=len(manifest.references),
            removed=list(trimmed.removed),
        )
