"""A product as it is told."""

from dataclasses import dataclass

from app.engine.options import KeepPictures
from app.service.banks.masking_policy import MaskingView
from app.service.inspection.drift import NOTHING_SEEN, DriftView
from app.service.verdicts.bank_calibration import Calibration
from app.storage.documents import Product


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product and the state of its bank. `bank_version` is None before the first registration.

    `backbone` made the bank that serves; before the first registration, it is the one that would make it.

    `rebuild_needed`: the settings that make features (or the default backbone) have changed since the active bank was
    made and no bank with the new ones serves yet. `pictures`: of which inspections they are kept in fact. `problem`:
    why the bank cannot serve and what to do, if so.
    """

    product: Product
    bank_version: int | None
    bank_loaded: bool
    backbone: str
    references: int
    rebuild_needed: bool
    masking: "MaskingView | None"
    calibration: Calibration
    pictures: KeepPictures = "none"
    problem: str | None = None
    drift: DriftView = NOTHING_SEEN

    @property
    def ready(self) -> bool:
        return self.bank_version is not None
