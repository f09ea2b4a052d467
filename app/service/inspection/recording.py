"""What is kept on record of an inspection."""

import math
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from app.engine.options import KeepPictures
from app.engine.verdict.regions import Region
from app.service.inspection.result import InspectionResult
from app.storage.pictures.folder import PictureName
from app.storage.pictures.pictures import Pictures
from app.storage.records.record import MOST_ID, InspectionRecord, microseconds
from app.storage.records.writer import RecordWriter


def recorded(result: InspectionResult, writer: RecordWriter) -> InspectionResult:
    """The result as it is to be answered, once its record is safe; else flagged `unrecorded`."""
    if writer.keep(record_of(result)):
        return result
    return replace(result, flags=(*result.flags, "unrecorded"))


def pictured(result: InspectionResult, upload: bytes, policy: KeepPictures, pictures: Pictures) -> InspectionResult:
    """The result once its pictures are safe, where the policy wants them; flagged `picture_lost` where they are not."""
    if policy == "none" or (policy == "not_ok" and result.judgement.verdict == "ok"):
        return result
    name = PictureName(result.inspection_id, result.product_id, _at_us(result), result.media_type)
    if pictures.keep(name, upload, result.patch_map.png()):
        return replace(result, pictures="kept")
    return replace(result, pictures="lost", flags=(*result.flags, "picture_lost"))


def record_of(result: InspectionResult) -> InspectionRecord:
    request, judgement = result.request, result.judgement
    return InspectionRecord(
        inspection_id=result.inspection_id,
        at_us=_at_us(result),
        product_id=result.product_id,
        verdict=judgement.verdict,
        score=math.inf if math.isnan(result.score) else result.score,
        threshold=judgement.threshold,
        calibration=judgement.state,
        bank_version=result.bank_version,
        backbone=result.backbone,
        engine=result.engine,
        precision=result.precision,
        sha256=result.sha256,
        width=result.width,
        height=result.height,
        flags=result.flags,
        part_id=request.part_id,
        meas_id=request.meas_id,
        station_id=request.station_id,
        key_name=request.key_name[:MOST_ID],
        request_id=request.request_id,
        metadata=request.metadata,
        details=_details(result),
        pictures=result.pictures,
        media_type=result.media_type,
    )


def _at_us(result: InspectionResult) -> int:
    return microseconds(datetime.fromisoformat(result.created_at))


def _details(result: InspectionResult) -> dict[str, Any]:
    judgement = result.judgement
    return {
        "score_normalized": judgement.score_normalized,
        "p_value": judgement.p_value,
        "threshold_source": judgement.source,
        "promise": asdict(judgement.promise) if judgement.promise else None,
        "detection": asdict(judgement.detection) | {"detection_rate_95": judgement.detection.detection_rate_95},
        "likeness": [asdict(each) for each in judgement.likeness],
        "regions": None if result.regions is None else [_region(each, result.references) for each in result.regions],
        "foreground_fraction": result.foreground_fraction,
        "timings_ms": {name: round(taken, 2) for name, taken in result.timings_ms.items()},
    }


def _region(region: Region, references: tuple[str, ...]) -> dict[str, Any]:
    nearest = region.nearest
    return {
        "box": asdict(region.box),
        "area_px": region.area_px,
        "peak": region.peak,
        "peak_at": region.peak_at,
        "nearest": {
            "reference": references[nearest.reference],
            "angle_deg": nearest.angle_deg,
            "box": asdict(nearest.box),
        },
    }
