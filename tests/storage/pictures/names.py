"""Names of pictures to test with."""

from datetime import UTC, datetime
from uuid import uuid4

from app.storage.pictures.folder import PictureName


def named(product_id: str = "plate", at: str = "2026-11-28T06:30:00", media_type: str = "image/jpeg") -> PictureName:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return PictureName(str(uuid4()), product_id, int(1_000_000 * moment.timestamp()), media_type)
