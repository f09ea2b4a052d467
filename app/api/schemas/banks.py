"""Memory banks in JSON."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from app.api.schemas.references import ReferenceBody
from app.api.schemas.settings import SearchBody
from app.engine.options import Fit, LayersJoin, MethodName, Rotation
from app.storage.documents import BankManifest, ManifestReason


class PreprocessingBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    smaller_edge: int
    rotation: Rotation
    bit_depth: int
    fit: Fit
    layers: list[int] | None
    layers_join: LayersJoin


class CoresetBody(BaseModel):
    """The rows that are searched: by which rule (`share` or `rows`), and of how many (`of_rows`).

    `left_out_score`: the median image score of the references, each searched among these rows of the others, and
    `left_out_score_of_all` among all rows of theirs: what the coreset does to scores. Null for fewer than two.
    """

    share: float | None
    rows: int | None
    of_rows: int
    left_out_score: float | None
    left_out_score_of_all: float | None

    @classmethod
    def of(cls, manifest: BankManifest) -> Self | None:
        if not (record := manifest.coreset):
            return None
        return cls(
            share=record.rule.share,
            rows=record.rule.rows,
            of_rows=manifest.all_rows,
            left_out_score=record.score,
            left_out_score_of_all=record.score_of_all,
        )


class BankSummary(BaseModel):
    """One version of a product's memory bank and what made it. `width` is the feature dimension, `rows` are those that
    are searched."""

    product_id: str
    version: int
    parent: int | None
    reason: ManifestReason
    created_at: str
    backbone: str
    backbone_sha256: str
    engine: str
    precision: str
    method: MethodName
    preprocessing: PreprocessingBody
    width: int
    rows: int
    reference_count: int
    masking_accepted: bool | None
    coreset: CoresetBody | None
    search: SearchBody

    @classmethod
    def of(cls, product_id: str, manifest: BankManifest) -> Self:
        return cls.model_validate(_members(product_id, manifest), from_attributes=True)


class BankBody(BankSummary):
    """A bank version with its references."""

    references: list[ReferenceBody]

    @classmethod
    def of(cls, product_id: str, manifest: BankManifest) -> Self:
        members = _members(product_id, manifest) | {"references": list(manifest.references)}
        return cls.model_validate(members, from_attributes=True)


class BankList(BaseModel):
    """The kept versions, newest first. `active` is the one that serves."""

    product_id: str
    active: int | None
    banks: list[BankSummary]


def _members(product_id: str, manifest: BankManifest) -> dict[str, object]:
    taken = ("version", "parent", "reason", "created_at", "backbone", "backbone_sha256", "engine", "precision")
    return {name: getattr(manifest, name) for name in (*taken, "preprocessing", "width", "rows", "search")} | {
        "product_id": product_id,
        "method": manifest.preprocessing.method,
        "reference_count": len(manifest.references),
        "masking_accepted": manifest.masking and manifest.masking.verdict.accepted,
        "coreset": CoresetBody.of(manifest),
    }
