"""A reference's segment as a blob: safetensors, readable without this program."""

import json
from typing import Literal, cast, get_args

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from app.engine.bank.bank import Segment
from app.engine.bank.index import Metric
from app.engine.bank.rows import comparable
from app.engine.types import Grid
from app.errors import BankDamaged
from app.storage.store import Blobs

SegmentPrecision = Literal["float32", "float16"]


def encode_segment(segment: Segment, precision: SegmentPrecision = "float32") -> bytes:
    """Serialise a segment: tensors `rows` (M×D) and `foreground` (N bool), and how the rows are laid out.

    `float16` halves the space. It changes a distance (0..2) by less than 1e-4: by 4e-5 at most over 1024 patches of
    each of four photographed objects (embedded backbone, nearest distances 0.003 to 0.2), by 9e-5 over random vectors.
    Of rows that keep their length it changes each number by less than a thousandth.
    """
    layout: dict[str, object] = {"rows": segment.grid.rows, "columns": segment.grid.columns}
    layout["angles_deg"] = list(segment.angles_deg)
    if segment.metric != "cosine":
        layout["metric"] = segment.metric
    tensors = {"rows": segment.rows.astype(precision), "foreground": segment.foreground}
    return save(tensors, metadata={"layout": json.dumps(layout)})


def decode_segment(data: bytes) -> Segment:
    """Read a segment back; its rows are float32 (of unit length for cosine distances), however they were stored.

    Raises:
        BankDamaged: the bytes are not a segment (their checksum was right, so another program wrote them).
    """
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        layout = json.loads(header["__metadata__"]["layout"])
        grid = Grid(layout["rows"], layout["columns"])
        stored, foreground = tensors["rows"], tensors["foreground"].astype(bool)
        rows, metric = stored.astype(np.float32, copy=False), _metric(layout)
        if stored.dtype == np.float16:
            # Rounding changes the lengths too, which would make most of the error.
            rows = comparable(rows, metric)
        return Segment(rows, foreground, tuple(layout["angles_deg"]), grid, metric=metric)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BankDamaged(f"A segment of the bank cannot be read ({error}). Rebuild the bank.") from error


def _metric(layout: dict[str, object]) -> Metric:
    """Segments of earlier releases do not tell."""
    for known in get_args(Metric):
        if layout.get("metric", "cosine") == known:
            return cast("Metric", known)
    raise ValueError(f"rows are compared by {layout['metric']!r}")


def stored_segment(blobs: Blobs, product_id: str, digest: str) -> Segment:
    """A segment of a product's bank. BlobMissing, BlobDamaged, BankDamaged where it cannot be read."""
    return decode_segment(blobs.get(product_id, "segments", digest))
