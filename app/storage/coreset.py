"""Which rows of a bank are searched, as a blob: safetensors, two tensors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from app.errors import BankDamaged
from app.storage.documents import BankManifest
from app.storage.store import Blobs


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """The rows of a coreset in the order in which they were chosen: of which `reference` (its position in the bank, K)
    which `row` of its segment (K)."""

    reference: NDArray[np.int32]
    row: NDArray[np.int32]

    def of(self, position: int) -> NDArray[np.int64]:
        """The rows that were chosen of one reference, ascending."""
        return np.sort(self.row[self.reference == position]).astype(np.int64)


def encode_coreset(chosen: ChosenRows) -> bytes:
    """Serialise: tensors `reference` and `row` (K int32 each)."""
    return save({"reference": chosen.reference, "row": chosen.row})


def decode_coreset(data: bytes) -> ChosenRows:
    """Read the rows back.

    Raises:
        BankDamaged: the bytes are no such rows (their checksum was right, so another program wrote them).
    """
    try:
        tensors = load(data)
        return ChosenRows(tensors["reference"].astype(np.int32), tensors["row"].astype(np.int32))
    except (SafetensorError, KeyError) as error:
        raise BankDamaged(f"The coreset of a bank cannot be read ({error}). Rebuild the bank.") from error


def stored_coreset(blobs: Blobs, product_id: str, manifest: BankManifest) -> ChosenRows | None:
    """The rows that a version searches; None: all of them. BlobMissing, BlobDamaged, BankDamaged."""
    if manifest.coreset is None:
        return None
    return decode_coreset(blobs.get(product_id, "coresets", manifest.coreset.blob))
