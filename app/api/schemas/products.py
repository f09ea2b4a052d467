"""Products in JSON."""

import json
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
)

from app.api.parsing.number import LARGEST_NUMBER
from app.api.parsing.text import visible_text
from app.api.schemas.drift import DriftBody
from app.api.schemas.masking import MaskingBody
from app.engine.options import BitDepth, LayersJoin, Masking, Profile, Rotation, StatisticName
from app.engine.verdict.calibration import CalibrationState, fewest_good_images
from app.service.products.settings import SMALLEST_PERCENTILE
from app.service.products.view import ProductView

PRODUCT_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
MAX_METADATA_BYTES = 16 * 1024
MOST_LAYERS = 100

DisplayName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(visible_text)]


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

    value: float = Field(ge=0, le=2, description="Of the image score.")
    bank_version: int = Field(ge=1, le=LARGEST_NUMBER)


def _long_form(statistic: object) -> object:
    return {"name": statistic} if isinstance(statistic, str) else statistic


StatisticOrName = Annotated[
    StatisticGiven, BeforeValidator(_long_form, json_schema_input_type=StatisticGiven | StatisticName)
]


class SettingsGiven(Given):
    """Settings of a product; what is left out keeps its value (PATCH) or takes the default (POST, PUT)."""

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


def _as_json(value: dict[str, JsonValue]) -> bytes:
    """NaN, infinity and half surrogate pairs pass Python's JSON parser and fit into no JSON that others can read."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


class ProductChange(Given):
    """What PATCH changes; a key that is left out stays."""

    display_name: DisplayName | None = None
    metadata: dict[str, JsonValue] | None = None
    settings: SettingsGiven | None = None

    @field_validator("metadata")
    @classmethod
    def _metadata_is_small(cls, value: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        if value is not None and len(_as_json(value)) > MAX_METADATA_BYTES:
            raise ValueError(f"more than {MAX_METADATA_BYTES} bytes of metadata")
        return value

    def changed_settings(self) -> dict[str, object]:
        """The settings that were sent, and no others."""
        return self.settings.model_dump(exclude_unset=True) if self.settings else {}


class ProductGiven(ProductChange):
    """A whole product, as PUT sends it."""


class NewProduct(ProductChange):
    """A product to create."""

    product_id: str = Field(pattern=PRODUCT_ID)


class DeletionQuery(BaseModel):
    """How a product is deleted."""

    purge: bool = Field(default=False, description="At once and for good, also a product that is deleted already.")


class StatisticBody(BaseModel):
    name: StatisticName
    k: int | None
    q: float | None
    foreground_only: bool


class ThresholdBody(BaseModel):
    value: float
    bank_version: int


class SettingsBody(BaseModel):
    """A product's settings, every key."""

    model_config = ConfigDict(from_attributes=True)

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


class ProductCalibrationBody(BaseModel):
    """What is known of good parts; `good` calibration images of the `needed` ones."""

    state: CalibrationState
    good: int
    needed: int


class ProductBody(BaseModel):
    """A product and the state of its memory bank. `ready`: it has a bank and can inspect.

    `problem` says why a bank cannot serve, and what to do; null if all is well.
    """

    product_id: str
    display_name: str | None
    metadata: dict[str, JsonValue]
    settings: SettingsBody
    ready: bool
    bank_version: int | None
    bank_loaded: bool
    backbone: str
    reference_count: int
    rebuild_needed: bool
    problem: str | None
    masking: MaskingBody | None
    calibration: ProductCalibrationBody
    drift: DriftBody
    created_at: str
    revision: int

    @classmethod
    def of(cls, view: ProductView) -> Self:
        product = view.product
        return cls.model_validate(
            {
                "product_id": product.product_id,
                "display_name": product.display_name,
                "metadata": product.metadata,
                "settings": product.settings,
                "ready": view.ready,
                "bank_version": view.bank_version,
                "bank_loaded": view.bank_loaded,
                "backbone": view.backbone,
                "reference_count": view.references,
                "rebuild_needed": view.rebuild_needed,
                "problem": view.problem,
                "masking": view.masking and MaskingBody.of(product.product_id, view.masking),
                "calibration": {
                    "state": view.calibration.state,
                    "good": view.calibration.counted,
                    "needed": fewest_good_images(product.settings.alpha),
                },
                "drift": DriftBody.of(view.drift),
                "created_at": product.created_at,
                "revision": product.revision,
            },
            from_attributes=True,
        )


class ProductPage(BaseModel):
    """Products in the order of their ids. `next_cursor` asks for the following page; null on the last one."""

    products: list[ProductBody]
    next_cursor: str | None
