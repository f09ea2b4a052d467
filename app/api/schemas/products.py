"""Products in JSON."""

import json
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, JsonValue, StringConstraints, field_validator

from app.api.parsing.text import visible_text
from app.api.schemas.drift import DriftBody
from app.api.schemas.masking import MaskingBody
from app.api.schemas.settings import Given, SettingsBody, SettingsGiven
from app.engine.options import KeepPictures
from app.engine.verdict.calibration import CalibrationState, fewest_good_images
from app.service.products.view import ProductView

PRODUCT_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
MAX_METADATA_BYTES = 16 * 1024

DisplayName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(visible_text)]


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
    records: Literal["keep", "delete"] = Field(default="keep", description="What becomes of its inspections' records.")


class ProductCalibrationBody(BaseModel):
    """What is known of good parts; `good` calibration images of the `needed` ones."""

    state: CalibrationState
    good: int
    needed: int


class ProductBody(BaseModel):
    """A product and the state of its memory bank. `ready`: it has a bank and can inspect.

    `problem` says why a bank cannot serve, and what to do; null if all is well. `pictures`: of which inspections they
    are kept in fact, which is none where the service has no place for them.
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
    pictures: KeepPictures
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
                "pictures": view.pictures,
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
