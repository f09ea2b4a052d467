"""Drift in JSON."""

from typing import Self

from pydantic import BaseModel

from app.engine.verdict.drift import QuantityName
from app.service.inspection.drift import DriftView


class DriftedBody(BaseModel):
    """A quantity whose median over the window lies outside what good images show; a null limit is none."""

    quantity: QuantityName
    median: float
    low: float | None
    high: float | None


class DriftBody(BaseModel):
    """Of the last `images` that this process has inspected of the product; `drifted` is empty before there are 32."""

    images: int
    drifted: list[DriftedBody]

    @classmethod
    def of(cls, view: DriftView) -> Self:
        drifted = [
            DriftedBody(quantity=each.quantity, median=each.median, low=each.limits.low, high=each.limits.high)
            for each in view.drifts
        ]
        return cls(images=view.images, drifted=drifted)
