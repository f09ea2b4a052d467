"""When the background is masked, and what comes of it."""

from dataclasses import dataclass

from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import Masking, ProductSettings
from app.storage.documents import MaskingRecord


@dataclass(frozen=True, slots=True)
class MaskingView:
    """The product's masking: its setting, the stored verdict of the masking test, and whether masks are applied."""

    setting: Masking
    applied: bool
    reference: str
    verdict: MaskingVerdict


def masking_applies(settings: ProductSettings, record: MaskingRecord | None) -> bool:
    """Whether inspections mask the background: as the operator says, else as the masking test found."""
    if settings.masking == "auto":
        return record is not None and record.verdict.accepted
    return settings.masking == "on"


def masking_view(settings: ProductSettings, record: MaskingRecord) -> MaskingView:
    """What a product's operator is told of its masking."""
    return MaskingView(settings.masking, masking_applies(settings, record), record.reference, record.verdict)
