"""The leave-one-out table of a bank version as a blob: safetensors, three tensors a reference."""

from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from app.engine.bank.left_out import LeftOut
from app.errors import BankDamaged

LeftOutTable = Mapping[int, LeftOut]
"""By position of the reference in the bank; of very many references only some are compared."""


def encode_left_out(table: LeftOutTable) -> bytes:
    """Serialise a table: tensors `<position>.distances` (N float32), `.nearest` (N int32), `.foreground` (N bool)."""
    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {}
    for position, each in table.items():
        tensors[f"{position}.distances"] = each.distances
        tensors[f"{position}.nearest"] = each.nearest
        tensors[f"{position}.foreground"] = each.foreground
    return save(tensors)


def decode_left_out(data: bytes) -> LeftOutTable:
    """Read a table back, in the order of the positions.

    Raises:
        BankDamaged: the bytes are no such table (their checksum was right, so another program wrote them).
    """
    try:
        tensors = load(data)
        positions = sorted({int(name.partition(".")[0]) for name in tensors})
        return {
            position: LeftOut(
                *(np.asarray(tensors[f"{position}.{name}"]) for name in ("distances", "nearest", "foreground"))
            )
            for position in positions
        }
    except (SafetensorError, KeyError, ValueError) as error:
        raise BankDamaged(f"A leave-one-out table cannot be read ({error}). Rebuild the bank.") from error
