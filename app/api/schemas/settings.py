"""A product's settings in JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.parsing.number import LARGEST_NUMBER
from app.engine.options import BitDepth, KeepPictures, LayersJoin, Masking, MethodName, Profile, Rotation, StatisticName
from app.service.products.searched_rows import (
    FEWEST_CORESET_ROWS,
    LARGEST_CORESET_SHARE,
    LARGEST_RADIUS,
    SMALLEST_CORESET_SHARE,
    SMALLEST_RADIUS,
)
from app.service.products.settings import LARGEST_THRESHOLD, SMALLEST_PERCENTILE

MOST_LAYERS = 100


class Given(BaseModel):
    """A body as callers send it: exact types, no unknown keys, no NaN (which Python's JSON parser lets pass)."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StatisticGiven(Given):
    """How patch distances become the image score. `mean_topk` needs `k`, `percentile` needs `q`."""

    name: StatisticName = "mean_top1p"
    k: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER, description="Patches that `mean_topk` averages.")
    q: float | None = Field(default=None, ge=SMALLEST_PERCENTILE, le=100, description="The percentile.")
    foreground_only: bool = Field(default=False, description="Leave masked patches out instead of counting them as 0.")


class ThresholdGiven(Given):
    """A threshold that a person has chosen by the scores of one bank version."""

    value: float = Field(ge=0, le=LARGEST_THRESHOLD, description="Of the image score.")
    bank_version: int = Field(ge=1, le=LARGEST_NUMBER)


class CoresetGiven(Given):
    """How many rows of the bank are searched: a `share` of them, or a number of `rows`; one of the two."""

    share: float | None = Field(default=None, ge=SMALLEST_CORESET_SHARE, le=LARGEST_CORESET_SHARE)
    rows: int | None = Field(default=None, ge=FEWEST_CORESET_ROWS, le=LARGEST_NUMBER)


class NearGiven(Given):
    """Search only so many rows and columns of patches around each patch's own place."""

    near: int = Field(ge=SMALLEST_RADIUS, le=LARGEST_RADIUS, description="In patches.")


def _long_form(statistic: object) -> object:
    return {"name": statistic} if isinstance(statistic, str) else statistic


StatisticOrName = Annotated[
    StatisticGiven, BeforeValidator(_long_form, json_schema_input_type=StatisticGiven | StatisticName)
]


class SettingsGiven(Given):
    """Settings of a product; what is left out keeps its value (PATCH) or takes the default (POST, PUT)."""

    method: MethodName = Field(default="anomalydino", description="Another one brings its own statistic with it.")
    smaller_edge: int = Field(default=448, ge=112, le=1344, description="Smaller edge that images are scaled to, px.")
    rotation: Rotation = Field(default="on", description="Register each reference in eight rotations.")
    masking: Masking = Field(default="auto", description="Foreground mask: `auto` follows the masking test.")
    statistic: StatisticOrName = Field(default=StatisticGiven(), description="An object, or just its name.")
    profile: Profile = "robust"
    backbone: str = Field(
        default="default", min_length=1, max_length=100, description="`default` or a registered name."
    )
    pinned: bool = Field(default=False, description="Load the bank at the start and keep it in memory.")
    alpha: float = Field(
        default=0.05, ge=0.001, le=0.5, description="Share of good parts that a calibrated threshold may call not ok."
    )
    threshold: ThresholdGiven | None = Field(default=None, description="Overrides every other threshold.")
    commissioning: bool = Field(
        default=False, description="Keep inspected images so that they can be confirmed as good."
    )
    bit_depth: Literal["auto"] | Annotated[int, Field(ge=8, le=16)] = Field(
        default="auto",
        description="Bits filled in files with more than 8; `auto`: as by the references.",
    )
    layers: list[Annotated[int, Field(ge=1, le=MOST_LAYERS)]] | None = Field(
        default=None, min_length=1, max_length=MOST_LAYERS, description="Of the backbone, ascending; null: its own."
    )
    layers_join: LayersJoin = Field(default="concat", description="Layers one after the other, or averaged.")
    coreset: CoresetGiven | None = Field(
        default=None, description="Search some rows of the bank, chosen so that no other lies far from all of them."
    )
    search: Literal["anywhere"] | NearGiven = Field(
        default="anywhere",
        description="Where in the references a patch may be found; near its place: without rotation.",
    )
    keep_pictures: KeepPictures = Field(
        default="not_ok", description="Of which inspections photograph and heatmap are kept."
    )


class StatisticBody(BaseModel):
    name: StatisticName
    k: int | None
    q: float | None
    foreground_only: bool


class ThresholdBody(BaseModel):
    value: float
    bank_version: int


class CoresetBody(BaseModel):
    share: float | None
    rows: int | None


class NearBody(BaseModel):
    """So many rows and columns of patches around the patch's own place."""

    model_config = ConfigDict(from_attributes=True)

    near: int


SearchBody = Literal["anywhere"] | NearBody


class SettingsBody(BaseModel):
    """A product's settings, every key."""

    model_config = ConfigDict(from_attributes=True)

    method: MethodName
    smaller_edge: int
    rotation: Rotation
    masking: Masking
    statistic: StatisticBody
    profile: Profile
    backbone: str
    pinned: bool
    alpha: float
    threshold: ThresholdBody | None
    commissioning: bool
    bit_depth: BitDepth
    layers: list[int] | None
    layers_join: LayersJoin
    coreset: CoresetBody | None
    search: SearchBody
    keep_pictures: KeepPictures
