"""When the background is masked."""

from app.engine.options import ProductSettings
from app.service.results import MaskingView
from app.storage.documents import MaskingRecord


def masking_applies(settings: ProductSettings, record: MaskingRecord | None) -> bool:
    """Whether inspections mask the background: as the operator says, else as the masking test found."""
    if settings.masking == "auto":
        return record is not None and record.verdict.accepted
    return settings.masking == "on"


def masking_view(settings: ProductSettings, record: MaskingRecord) -> MaskingView:
    """What a product's operator is told of its masking."""
    return MaskingView(settings.masking, masking_applies(settings, record), record.reference, record.verdict)
