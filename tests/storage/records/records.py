"""Records to test with."""

from typing import Any
from uuid import uuid4

from app.storage.records.record import InspectionRecord


def made(number: int = 0, **values: Any) -> InspectionRecord:
    """A record; the larger the number, the newer."""
    given: dict[str, Any] = {
        "inspection_id": str(uuid4()), "at_us": 1_790_000_000_000_000 + 1_000_000 * number, "product_id": "plate",
        "verdict": "ok", "score": 0.25, "threshold": 0.5, "calibration": "provisional", "bank_version": 1,
        "backbone": "embedded", "engine": "torch", "precision": "float32", "sha256": "0" * 64, "width": 640,
        "height": 480, "flags": (),
    }  # fmt: skip
    return InspectionRecord(**given | values)
