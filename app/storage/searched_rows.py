"""Which rows of a bank are searched, and the lists that they are in, as blobs: safetensors."""

import json
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from app.engine.bank.lists import Assigned, Lists
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


def rows_named(segments: list[str], coreset: str | None) -> str:
    """SHA-256 of what says which rows a bank searches, in which order: its segments, and the blob of its coreset."""
    return sha256(json.dumps([segments, coreset]).encode()).hexdigest()


def encode_lists(lists: Lists, rows: str) -> bytes:
    """Serialise: tensors `centres` (L×D float32), `lists` (M int32) and `spans` (M float32); by `rows_named` `rows`."""
    tensors = {"centres": lists.centres, "lists": lists.assigned.lists, "spans": lists.assigned.angles}
    return save(tensors, metadata={"rows": rows})


def decode_lists(data: bytes, rows: str) -> Lists:
    """Read the lists back.

    Raises:
        BankDamaged: the bytes are no lists, or those of other rows than `rows`.
    """
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        centres, lists, spans = tensors["centres"], tensors["lists"], tensors["spans"]
        if header["__metadata__"]["rows"] != rows or lists.shape != spans.shape:
            raise ValueError("they are of other rows")
        if not 0 <= lists.min() <= lists.max() < len(centres):
            raise ValueError("there are other lists")
        return Lists(centres.astype(np.float32), Assigned(lists.astype(np.int32), spans.astype(np.float32)))
    except (SafetensorError, KeyError, ValueError) as error:
        raise BankDamaged(f"The lists of a bank cannot be read ({error}). Rebuild the bank.") from error


def stored_lists(blobs: Blobs, product_id: str, manifest: BankManifest) -> Lists | None:
    """The lists of a version; None where it has none. BlobMissing, BlobDamaged, BankDamaged."""
    if manifest.lists is None:
        return None
    segments = [entry.segment for entry in manifest.references]
    named = rows_named(segments, manifest.coreset.blob if manifest.coreset else None)
    lists = decode_lists(blobs.get(product_id, "lists", manifest.lists.blob), named)
    if len(lists.assigned.lists) != manifest.rows:
        raise BankDamaged("The lists of a bank are of another number of rows. Rebuild the bank.")
    return lists
