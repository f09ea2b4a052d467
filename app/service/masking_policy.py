"""When the background is masked, and what comes of it."""

from dataclasses import dataclass

from app.engine.options import ProductSettings
from app.engine.types import Mask
from app.service.results import Flag, Likeness, MaskingView
from app.storage.documents import MaskingRecord


@dataclass(frozen=True, slots=True)
class Foreground:
    """Which patches of an image are scored, and what has to be said of the mask. `likeness`: of its foreground with
    that of the references, None where they tell nothing of it."""

    mask: Mask
    flags: tuple[Flag, ...]
    likeness: Likeness | None = None


def masking_applies(settings: ProductSettings, record: MaskingRecord | None) -> bool:
    """Whether inspections mask the background: as the operator says, else as the masking test found."""
    if settings.masking == "auto":
        return record is not None and record.verdict.accepted
    return settings.masking == "on"


def masking_view(settings: ProductSettings, record: MaskingRecord) -> MaskingView:
    """What a product's operator is told of its masking."""
    return MaskingView(settings.masking, masking_applies(settings, record), record.reference, record.verdict)
