"""Heatmaps in JSON: how they are wanted, themselves, and where they are to be had."""

import base64
from typing import Annotated, Literal, Self
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.engine.heatmap import COLORMAP, Heatmap, HeatmapStyle

SMALLEST_HEATMAP_PX, LARGEST_HEATMAP_PX = 32, 4096
Pixels = Annotated[int, Field(ge=SMALLEST_HEATMAP_PX, le=LARGEST_HEATMAP_PX)]


def _heatmap_size(given: object) -> object:
    """One message for what would be an error of either kind."""
    text = str(given)
    if text in ("map", "image"):
        return text
    if text.isascii() and text.isdigit() and len(text) <= 4 and SMALLEST_HEATMAP_PX <= int(text) <= LARGEST_HEATMAP_PX:
        return int(text)
    raise ValueError(f"give map, image or a number of pixels from {SMALLEST_HEATMAP_PX} to {LARGEST_HEATMAP_PX}")


HeatmapSize = Annotated[Literal["map", "image"] | Pixels, BeforeValidator(_heatmap_size)]


class HeatmapQuery(BaseModel):
    """How a heatmap is drawn."""

    model_config = ConfigDict(extra="forbid")

    style: HeatmapStyle = Field(
        default="heat", description="Palette, laid over the image, 16-bit grey, or the regions in white."
    )
    size: HeatmapSize = Field(
        default="map", description="As the backbone saw it, as the image, or its smaller edge in px."
    )


class ScaleBody(BaseModel):
    """Anomaly-map values at the cold and the hot end of the colours."""

    min: float
    max: float


class HeatmapBody(BaseModel):
    """`data` is the PNG in base64; `colormap` is null for 16-bit grey and masks. `legend`: what its colours or values
    mean; `unseen_share`: which share of the image was not looked at, 0..1."""

    media_type: Literal["image/png"] = "image/png"
    width: int
    height: int
    style: HeatmapStyle
    scale: ScaleBody
    colormap: str | None
    unseen_share: float
    legend: dict[str, str]
    data: str

    @classmethod
    def of(cls, heatmap: Heatmap) -> Self:
        return cls(
            width=heatmap.width,
            height=heatmap.height,
            style=heatmap.style,
            scale=ScaleBody(min=0.0, max=heatmap.scale_max),
            colormap=COLORMAP if heatmap.style in ("heat", "overlay") else None,
            unseen_share=heatmap.unseen_share,
            legend=dict(heatmap.legend),
            data=base64.b64encode(heatmap.png).decode(),
        )


class HeatmapLinkBody(BaseModel):
    """Where a heatmap is drawn from what was kept of its inspection."""

    media_type: Literal["image/png"] = "image/png"
    style: HeatmapStyle
    href: str

    @classmethod
    def of(cls, inspection_path: str, query: HeatmapQuery) -> Self:
        """`inspection_path`: where the inspection is to be had."""
        asked = urlencode({"style": query.style, "size": query.size})
        return cls(style=query.style, href=f"{inspection_path}/heatmap.png?{asked}")
