"""The leave-one-out table of a bank version as a blob: safetensors, three tensors a reference."""

from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from app.engine.bank.left_out import LeftOut
from app.errors import BankDamaged

LeftOutTable = Mapping[int, LeftOut]
"""By position of the reference in the bank; of very many references only some are compared."""


MeasuredRows = Mapping[str, LeftOut]
"""Calibration images in a bank, by SHA-256; in a table of an earlier release by position in the set."""


def encode_left_out(table: LeftOutTable) -> bytes:
    """Serialise a table: tensors `<position>.distances` (N float32), `.nearest` (N int32), `.foreground` (N bool), and
    where the method weighs `.weights` (N float32)."""
    return encode_measured({str(position): each for position, each in table.items()})


def decode_left_out(data: bytes) -> LeftOutTable:
    """Read a table back, in the order of the positions.

    Raises:
        BankDamaged: the bytes are no such table (their checksum was right, so another program wrote them).
    """
    rows = decode_measured(data)
    try:
        return {position: rows[str(position)] for position in sorted(map(int, rows))}
    except ValueError as error:
        raise _unreadable(error) from error


def encode_measured(rows: MeasuredRows) -> bytes:
    """Serialise rows as above, by name."""
    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {}
    for name, each in rows.items():
        tensors[f"{name}.distances"] = each.distances
        tensors[f"{name}.nearest"] = each.nearest
        tensors[f"{name}.foreground"] = each.foreground
        if each.weights is not None:
            tensors[f"{name}.weights"] = each.weights
    return save(tensors)


def decode_measured(data: bytes) -> dict[str, LeftOut]:
    """Read rows back. BankDamaged as above."""
    try:
        tensors = load(data)
        return {
            name: LeftOut(
                np.asarray(tensors[f"{name}.distances"]),
                np.asarray(tensors[f"{name}.nearest"]),
                np.asarray(tensors[f"{name}.foreground"]),
                tensors.get(f"{name}.weights"),
            )
            for name in sorted({each.partition(".")[0] for each in tensors})
        }
    except (SafetensorError, KeyError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> BankDamaged:
    return BankDamaged(f"A leave-one-out table cannot be read ({error}). Rebuild the bank.")
