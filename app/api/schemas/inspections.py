"""Inspections in JSON: what a caller may ask for, and the answer."""

import base64
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.engine.calibration import CalibrationState
from app.engine.heatmap import COLORMAP, Heatmap, HeatmapStyle
from app.service.results import Flag, HeatmapRequest, InspectionRequest, InspectionResult, Judgement, Verdict

SMALLEST_HEATMAP_PX, LARGEST_HEATMAP_PX = 32, 4096
Pixels = Annotated[int, Field(ge=SMALLEST_HEATMAP_PX, le=LARGEST_HEATMAP_PX)]


def _heatmap_size(given: object) -> object:
    """One message for what would be an error of either kind."""
    text = str(given)
    if text in ("map", "image"):
        return text
    if text.isascii() and text.isdigit() and SMALLEST_HEATMAP_PX <= int(text[:9]) <= LARGEST_HEATMAP_PX:
        return int(text)
    raise ValueError(f"give map, image or a number of pixels from {SMALLEST_HEATMAP_PX} to {LARGEST_HEATMAP_PX}")


HeatmapSize = Annotated[Literal["map", "image"] | Pixels, BeforeValidator(_heatmap_size)]
CallerId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CallerIds(BaseModel):
    """The caller's own names for what is on the image; they come back with the answer."""

    model_config = ConfigDict(extra="forbid")

    part_id: CallerId | None = Field(default=None, description="Serial number of the part.")
    meas_id: CallerId | None = Field(default=None, description="The caller's id of this measurement.")
    station_id: CallerId | None = Field(default=None, description="Camera or station.")


class InspectQuery(CallerIds):
    """How an image is inspected and what comes back."""

    heatmap: Literal["inline", "none"] = Field(default="inline", description="Whether the answer holds a heatmap.")
    style: HeatmapStyle = Field(default="heat", description="Palette, laid over the image, or 16-bit grey.")
    size: HeatmapSize = Field(
        default="map", description="As the backbone saw it, as the image, or its smaller edge in px."
    )
    bank_version: int | None = Field(
        default=None, ge=1, description="Inspect with this bank version, not the active one."
    )

    def request(self, ids: CallerIds) -> InspectionRequest:
        """The inspection to ask the service for; `ids` from the form add to those of the query."""
        wanted = HeatmapRequest(self.style, self.size) if self.heatmap == "inline" else None
        return InspectionRequest(
            heatmap=wanted,
            bank_version=self.bank_version,
            part_id=ids.part_id or self.part_id,
            meas_id=ids.meas_id or self.meas_id,
            station_id=ids.station_id or self.station_id,
        )


class ScaleBody(BaseModel):
    """Anomaly-map values at the cold and the hot end of the colours."""

    min: float
    max: float


class HeatmapBody(BaseModel):
    """`data` is the PNG in base64; `colormap` is null for 16-bit grey."""

    media_type: Literal["image/png"] = "image/png"
    width: int
    height: int
    style: HeatmapStyle
    scale: ScaleBody
    colormap: str | None
    data: str

    @classmethod
    def of(cls, heatmap: Heatmap) -> Self:
        return cls(
            width=heatmap.width,
            height=heatmap.height,
            style=heatmap.style,
            scale=ScaleBody(min=0.0, max=heatmap.scale_max),
            colormap=None if heatmap.style == "gray16" else COLORMAP,
            data=base64.b64encode(heatmap.png).decode(),
        )


class ImageBody(BaseModel):
    width: int
    height: int
    sha256: str


class CalibrationBody(BaseModel):
    """What the threshold was set by, and what is promised of it: at most so many of the good parts are called not ok,
    averaged over products, and on a single product with 95 % confidence. Null while uncalibrated."""

    state: CalibrationState
    good_images: int | None
    expected_false_alarm_rate: float | None
    false_alarm_rate_95: float | None

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        threshold = judgement.threshold
        return cls(
            state=judgement.state,
            good_images=threshold.good_images if threshold else None,
            expected_false_alarm_rate=threshold.expected_false_alarm_rate if threshold else None,
            false_alarm_rate_95=threshold.false_alarm_rate_95 if threshold else None,
        )


class InspectionBody(BaseModel):
    """One inspected image. `score` is the image score, unrounded; `score_normalized` is in units of the threshold.
    Both this and `threshold` are null while there is no calibration."""

    inspection_id: str
    product_id: str
    bank_version: int
    backbone: str
    score: float
    score_normalized: float | None
    threshold: float | None
    calibration: CalibrationBody
    verdict: Verdict
    flags: list[Flag]
    foreground_fraction: float
    heatmap: HeatmapBody | None
    image: ImageBody
    part_id: str | None
    meas_id: str | None
    station_id: str | None
    timings_ms: dict[str, float]
    created_at: str

    @classmethod
    def of(cls, result: InspectionResult) -> Self:
        judgement = result.judgement
        return cls(
            inspection_id=result.inspection_id,
            product_id=result.product_id,
            bank_version=result.bank_version,
            backbone=result.backbone,
            score=result.score,
            score_normalized=judgement.score_normalized,
            threshold=judgement.threshold.value if judgement.threshold else None,
            calibration=CalibrationBody.of(judgement),
            verdict=judgement.verdict,
            flags=list(result.flags),
            foreground_fraction=result.foreground_fraction,
            heatmap=HeatmapBody.of(result.heatmap) if result.heatmap else None,
            image=ImageBody(width=result.width, height=result.height, sha256=result.sha256),
            part_id=result.request.part_id,
            meas_id=result.request.meas_id,
            station_id=result.request.station_id,
            timings_ms=dict(result.timings_ms),
            created_at=result.created_at,
        )
