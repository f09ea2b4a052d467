"""The masking of a product in JSON."""

from typing import Self

from pydantic import BaseModel

from app.engine.options import Masking
from app.service.banks.masking_policy import MaskingView


class MaskingBody(BaseModel):
    """The masking setting, what the masking test found, and whether foreground masks are applied.

    `numbers`: each measured quantity; `failed`: those out of range. `reference`: the image the test ran on.
    """

    product_id: str
    setting: Masking
    applied: bool
    accepted: bool
    numbers: dict[str, float]
    failed: list[str]
    reference: str

    @classmethod
    def of(cls, product_id: str, view: MaskingView) -> Self:
        return cls(
            product_id=product_id,
            setting=view.setting,
            applied=view.applied,
            accepted=view.verdict.accepted,
            numbers=view.verdict.numbers,
            failed=list(view.verdict.failed),
            reference=view.reference,
        )
