"""Inspections in JSON: what a caller may ask for, and the answer."""

import json
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.parsing.number import LARGEST_NUMBER
from app.api.schemas.calibration import PromiseBody
from app.api.schemas.caller_ids import CallerIds
from app.api.schemas.heatmaps import HeatmapBody, HeatmapLinkBody, HeatmapQuery
from app.api.schemas.regions import RegionBody
from app.api.schemas.settings import NearBody, SearchBody
from app.engine.verdict.calibration import CalibrationState
from app.service.calibration.commissioning import Commissioning
from app.service.inspection.request import HeatmapRequest, InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.verdicts.bank_calibration import ThresholdSource
from app.service.verdicts.verdict import Flag, Judgement, Verdict
from app.storage.records.record import PicturesKept


class InspectQuery(CallerIds, HeatmapQuery):
    """How an image is inspected and what comes back."""

    heatmap: Literal["inline", "link", "none"] = Field(
        default="inline", description="Whether the answer holds a heatmap, or where it is to be had if it is kept."
    )
    bank_version: int | None = Field(
        default=None, ge=1, le=LARGEST_NUMBER, description="Inspect with this bank version, not the active one."
    )

    def request(self, ids: CallerIds) -> InspectionRequest:
        """The inspection to ask the service for; `ids` from the form add to those of the query.

        ValueError where both name the same id and differ: which one is the part's, nobody can tell.
        """
        for name in CallerIds.model_fields:
            in_query, in_form = getattr(self, name), getattr(ids, name)
            if in_query and in_form and in_query != in_form:
                raise ValueError(f"{name} is {in_query!r} in the query and {in_form!r} in the form. Send one of them.")
        wanted = HeatmapRequest(self.style, self.size) if self.heatmap == "inline" else None
        return InspectionRequest(
            heatmap=wanted,
            bank_version=self.bank_version,
            part_id=ids.part_id or self.part_id,
            meas_id=ids.meas_id or self.meas_id,
            station_id=ids.station_id or self.station_id,
            metadata=json.loads(ids.metadata or self.metadata or "{}"),
        )


class BatchBody(BaseModel):
    """How many images, of any products, went through the backbone in one pass, and how long this one waited for it."""

    model_config = ConfigDict(from_attributes=True)

    size: int
    wait_ms: float


class ImageBody(BaseModel):
    width: int
    height: int
    sha256: str


class InspectedCalibrationBody(PromiseBody):
    """What the verdict was given by; `source` is null where there is no threshold."""

    state: CalibrationState
    source: ThresholdSource | None

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        return cls(
            state=judgement.state,
            source=judgement.source,
            **PromiseBody.fields_of(judgement.promise, judgement.detection),
        )


class LikenessBody(BaseModel):
    """A quantity that tells whether the image shows the product at all, and between which it must lie."""

    model_config = ConfigDict(from_attributes=True)

    quantity: str
    value: float
    low: float | None
    high: float | None


class UnseenEdgeBody(BaseModel):
    """Pixels of the image, at its right and at its bottom, that were not looked at."""

    model_config = ConfigDict(from_attributes=True)

    right_px: int
    bottom_px: int


class CommissioningBody(BaseModel):
    """While the product is commissioned: where the image can be confirmed as good (PUT), how many good ones there are,
    and how many are needed."""

    confirm: str
    good: int
    needed: int

    @classmethod
    def of(cls, product_path: str, commissioning: Commissioning) -> Self:
        confirm = f"{product_path}/calibration/images/{commissioning.sha256}"
        return cls(confirm=confirm, good=commissioning.good, needed=commissioning.needed)


class InspectionBody(BaseModel):
    """One inspected image. `score` is the image score, unrounded; `score_normalized` is in units of the threshold;
    `p_value` is the share of good parts that are as odd; all are null while there is no calibration, and so are
    `regions`."""

    inspection_id: str
    product_id: str
    bank_version: int
    backbone: str
    search: SearchBody
    score: float
    score_normalized: float | None
    threshold: float | None
    p_value: float | None
    calibration: InspectedCalibrationBody
    verdict: Verdict
    flags: list[Flag]
    likeness: list[LikenessBody]
    foreground_fraction: float
    unseen_edge: UnseenEdgeBody | None
    regions: list[RegionBody] | None
    heatmap: HeatmapBody | HeatmapLinkBody | None
    pictures: PicturesKept
    image: ImageBody
    commissioning: CommissioningBody | None
    part_id: str | None
    meas_id: str | None
    station_id: str | None
    metadata: dict[str, str | int | float | bool]
    batch: BatchBody
    timings_ms: dict[str, float]
    created_at: str

    @classmethod
    def of(cls, result: InspectionResult, product_path: str, link: HeatmapLinkBody | None = None) -> Self:
        """`product_path`: where the product is to be had; `link`: to the heatmap, instead of itself."""
        judgement, kept = result.judgement, result.commissioning
        return cls(
            inspection_id=result.inspection_id,
            product_id=result.product_id,
            bank_version=result.bank_version,
            backbone=result.backbone,
            search="anywhere" if result.search == "anywhere" else NearBody.model_validate(result.search),
            score=result.score,
            score_normalized=judgement.score_normalized,
            threshold=judgement.threshold,
            p_value=judgement.p_value,
            calibration=InspectedCalibrationBody.of(judgement),
            verdict=judgement.verdict,
            flags=list(result.flags),
            likeness=[LikenessBody.model_validate(each) for each in judgement.likeness],
            foreground_fraction=result.foreground_fraction,
            unseen_edge=UnseenEdgeBody.model_validate(result.unseen_edge) if result.unseen_edge else None,
            regions=None
            if result.regions is None
            else [RegionBody.of(region, result.references) for region in result.regions],
            heatmap=HeatmapBody.of(result.heatmap) if result.heatmap else link,
            pictures=result.pictures,
            image=ImageBody(width=result.width, height=result.height, sha256=result.sha256),
            commissioning=CommissioningBody.of(product_path, kept) if kept else None,
            part_id=result.request.part_id,
            meas_id=result.request.meas_id,
            station_id=result.request.station_id,
            metadata=dict(result.request.metadata),
            batch=BatchBody.model_validate(result.batch),
            timings_ms=dict(result.timings_ms),
            created_at=result.created_at,
        )
