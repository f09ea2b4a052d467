"""All that the records keep."""

import json

from app.storage.records.changes.change import Change, ChangeEnd
from app.storage.records.record import InspectionRecord

Kept = InspectionRecord | Change | ChangeEnd


def kept_of_line(line: bytes) -> Kept:
    """What a line of JSON says. ValueError for what is no such line, one that was cut off included."""
    values = json.loads(line)
    kind = values.pop("kind", None) if isinstance(values, dict) else None
    if kind is None:
        return InspectionRecord.of_line(line)
    try:
        made: Change | ChangeEnd = {"change": Change, "change_end": ChangeEnd}[kind](**values)
    except (TypeError, KeyError) as error:
        raise ValueError(f"neither a change nor its end: {error}") from error
    return made
