"""Regions in JSON: where an image is unlike the references, and what it came nearest to."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from app.engine.verdict.regions import Region


class BoxBody(BaseModel):
    """Whole pixels; `x`, `y` is the top left one, from 0."""

    model_config = ConfigDict(from_attributes=True)

    x: int
    y: int
    width: int
    height: int


class NearestPatchBody(BaseModel):
    """The patch of the references that the region's worst patch came nearest to: which reference, turned by how much,
    and where in that photograph as uploaded."""

    reference: str
    angle_deg: float
    box: BoxBody


class RegionBody(BaseModel):
    """A connected area of patches above the region threshold, in pixels of the image. `peak` is its largest patch
    distance, `peak_at` the centre of that patch."""

    box: BoxBody
    area_px: int
    peak: float
    peak_at: tuple[int, int]
    nearest: NearestPatchBody

    @classmethod
    def of(cls, region: Region, references: tuple[str, ...]) -> Self:
        nearest = region.nearest
        return cls(
            box=BoxBody.model_validate(region.box),
            area_px=region.area_px,
            peak=region.peak,
            peak_at=region.peak_at,
            nearest=NearestPatchBody(
                reference=references[nearest.reference],
                angle_deg=nearest.angle_deg,
                box=BoxBody.model_validate(nearest.box),
            ),
        )
