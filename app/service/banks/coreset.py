"""Choosing the rows of a bank that are searched: few that leave none of the others far from all of them."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from app.engine.bank.bank import Segment
from app.engine.methods.coreset import Selection, projected_rows, wanted_rows
from app.engine.options import Coreset
from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.accelerator.pieces import Pieces
from app.service.banks.left_out import places
from app.storage.documents import BankManifest, ReferenceEntry
from app.storage.searched_rows import ChosenRows, encode_coreset, stored_coreset
from app.storage.segments import stored_segment
from app.storage.store import Blobs

logger = logging.getLogger(__name__)

STEPS, TOGETHER = 2**20, 2**23
"""Distances of one piece, to rows that are chosen one after the other, and to rows that are known: each about as long
as a forward pass on two cores."""


class CoresetMaker:
    """Chooses the coresets of bank versions, in pieces that let inspections through."""

    def __init__(self, blobs: Blobs, pieces: Pieces) -> None:
        self._blobs = blobs
        self._pieces = pieces

    def chosen(
        self, product_id: str, rule: Coreset, references: Sequence[ReferenceEntry], before: BankManifest | None
    ) -> ChosenRows:
        """The rows of a bank of these references. What `before`, a version of the same rule, has chosen of them stays,
        and the selection goes on from there.

        BlobMissing, BlobDamaged, BankDamaged: a segment cannot be read; GpuOutOfMemory, Draining.
        """
        starts = np.concatenate([[0], np.cumsum([entry.rows for entry in references])]).astype(np.int64)
        total = int(starts[-1])
        points = [
            self._pieces.run(projected_rows, self._segment(product_id, entry).rows, self._pieces.device)
            for entry in references
        ]
        kept = self._kept(product_id, references, before)
        known = [int(starts[reference] + row) for reference, row in zip(kept.reference, kept.row, strict=True)]
        selection = self._pieces.run(Selection, points)
        wanted, step, together = wanted_rows(rule, total), max(1, STEPS // total), max(1, TOGETHER // total)
        for first in range(0, len(known), together):
            self._pieces.run(selection.take, known[first : first + together])
        while len(selection.chosen) < wanted:
            self._pieces.run(selection.go_on, min(len(selection.chosen) + step, wanted))
        rows = np.array(selection.chosen, np.int64)
        reference = np.searchsorted(starts, rows, side="right") - 1
        return ChosenRows(reference.astype(np.int32), (rows - starts[reference]).astype(np.int32))

    def put(self, product_id: str, chosen: ChosenRows) -> str:
        """Store the rows; their digest. StorageFull, StorageUnavailable."""
        return self._blobs.put(product_id, "coresets", encode_coreset(chosen))

    def readable(self, product_id: str, manifest: BankManifest) -> bool:
        """Whether it is known which rows a version searches."""
        try:
            stored_coreset(self._blobs, product_id, manifest)
        except (BlobMissing, BlobDamaged, BankDamaged) as error:
            logger.warning("the coreset of %s is chosen again: %s", product_id, error)
            return False
        return True

    def _segment(self, product_id: str, entry: ReferenceEntry) -> Segment:
        return stored_segment(self._blobs, product_id, entry.segment)

    def _kept(self, product_id: str, references: Sequence[ReferenceEntry], before: BankManifest | None) -> ChosenRows:
        """What was chosen before of the references that are still there, in their positions of now."""
        nothing = ChosenRows(np.zeros(0, np.int32), np.zeros(0, np.int32))
        if before is None or not self.readable(product_id, before):
            return nothing
        chosen = stored_coreset(self._blobs, product_id, before) or nothing
        now = np.full(len(before.references), -1, np.int32)
        for place, then in places(references, before).items():
            now[then] = place
        reference = now[chosen.reference]
        return ChosenRows(reference[reference >= 0], chosen.row[reference >= 0])


def searched_segments(blobs: Blobs, product_id: str, manifest: BankManifest) -> Iterator[Segment]:
    """The segments of a version with the rows that it searches, one read after the other.

    BlobMissing, BlobDamaged, BankDamaged.
    """
    chosen = stored_coreset(blobs, product_id, manifest)
    for position, entry in enumerate(manifest.references):
        part = stored_segment(blobs, product_id, entry.segment)
        if len(part.rows) != entry.rows:
            raise BankDamaged(f"Segment {entry.segment} has other rows than its bank. Rebuild the bank.")
        yield part if chosen is None else part.reduced(chosen.of(position))
        del part  # else it stays while the next one is read
