"""Putting the rows of a large bank into lists, so that inspections need not search all of them."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from app.engine.bank.bank import Segment
from app.engine.bank.index import Rows
from app.engine.bank.lists import Assigned, Centres, Lists, assigned, drawn_rows, list_count
from app.engine.bank.rows import unit_length
from app.engine.methods.known import metric_of
from app.engine.options import Preprocessing, Profile, Search
from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.accelerator.pieces import Pieces
from app.service.banks.left_out import places
from app.storage.documents import BankManifest, ListsRecord, ReferenceEntry
from app.storage.searched_rows import ChosenRows, encode_lists, rows_named, stored_lists
from app.storage.segments import stored_segment
from app.storage.store import Blobs

logger = logging.getLogger(__name__)

TOGETHER = 2**23
"""Distances of one piece: about as long as a forward pass on two cores."""

OUTGROWN = 2
"""Centres are found anew when there are so many times more rows than then, or fewer."""


class ListsMaker:
    """Makes the lists of bank versions, in pieces that let inspections through."""

    def __init__(self, blobs: Blobs, pieces: Pieces, exact_rows: int) -> None:
        """Banks of more than `exact_rows` rows get lists, but on a GPU, which searches all of them."""
        self._blobs = blobs
        self._pieces = pieces
        self._exact_rows = exact_rows

    def wanted(self, rows: int, preprocessing: Preprocessing, profile: Profile, search: Search) -> bool:
        """Whether a bank gets lists: `paper` searches as the authors do, and what is weighed needs all distances."""
        usual = profile != "paper" and search == "anywhere" and metric_of(preprocessing) == "cosine"
        return usual and self._pieces.on_cpu and rows > self._exact_rows

    def make(
        self,
        product_id: str,
        references: Sequence[ReferenceEntry],
        chosen: ChosenRows | None,
        coreset: str | None,
        before: BankManifest | None,
    ) -> ListsRecord:
        """Lists of the rows of these references, or of those chosen, stored; `coreset`: the blob that names these. The
        centres of the version `before` stay until they are outgrown, and where its rows belong is known.

        BlobMissing, BlobDamaged, BankDamaged: a segment cannot be read; Draining, StorageFull, StorageUnavailable.
        """
        total = len(chosen.row) if chosen else sum(entry.rows for entry in references)
        known = self._known(product_id, total, before)
        centres = known.centres if known else self._centres(product_id, references, chosen, total)
        centred = before.lists.centred_rows if known and before and before.lists else total
        assigned_rows = self._assigned_before(references, chosen, before, known)
        new = [position for position in range(len(references)) if position not in assigned_rows]
        for position, part in zip(new, self._segments(product_id, references, chosen, new), strict=True):
            assigned_rows[position] = self._assigned(part.rows, centres)
        named = rows_named([entry.segment for entry in references], coreset)
        lists = Lists(centres, Assigned.joined([assigned_rows[position] for position in range(len(references))]))
        return ListsRecord(self._blobs.put(product_id, "lists", encode_lists(lists, named)), centred)

    def _segments(
        self,
        product_id: str,
        references: Sequence[ReferenceEntry],
        chosen: ChosenRows | None,
        positions: Sequence[int],
    ) -> Iterator[Segment]:
        for position in positions:
            part = stored_segment(self._blobs, product_id, references[position].segment)
            yield part if chosen is None else part.reduced(chosen.of(position))

    def _known(self, product_id: str, total: int, before: BankManifest | None) -> Lists | None:
        """Those of the version before, unless they are outgrown or lost."""
        if before is None or before.lists is None:
            return None
        if not before.lists.centred_rows / OUTGROWN < total < before.lists.centred_rows * OUTGROWN:
            return None
        try:
            return stored_lists(self._blobs, product_id, before)
        except (BlobMissing, BlobDamaged, BankDamaged) as error:
            logger.warning("the lists of %s are made anew: %s", product_id, error)
            return None

    def _centres(
        self, product_id: str, references: Sequence[ReferenceEntry], chosen: ChosenRows | None, total: int
    ) -> Rows:
        count = list_count(total)
        drawn = drawn_rows(total, count)
        found: Rows | None = None
        start = 0
        for part in self._segments(product_id, references, chosen, range(len(references))):
            here = (drawn >= start) & (drawn < start + len(part.rows))
            found = np.empty((len(drawn), part.rows.shape[1]), np.float32) if found is None else found
            found[here] = unit_length(part.rows[drawn[here] - start])
            start += len(part.rows)
        assert found is not None
        centres = Centres(found, count)
        while centres.unfinished:
            self._pieces.run(centres.improve, max(1, TOGETHER // count))
        return centres.values

    def _assigned(self, rows: Rows, centres: Rows) -> Assigned:
        step = max(1, TOGETHER // len(centres))
        parts = [self._pieces.run(assigned, rows[start : start + step], centres) for start in range(0, len(rows), step)]
        nothing = Assigned(np.zeros(0, np.int32), np.zeros(0, np.float32))
        return Assigned.joined([nothing, *parts])

    def _assigned_before(
        self,
        references: Sequence[ReferenceEntry],
        chosen: ChosenRows | None,
        before: BankManifest | None,
        known: Lists | None,
    ) -> dict[int, Assigned]:
        """Where the rows of references belong that were there before, by their position of now; of a coreset nothing:
        it is small, and other rows may have been chosen."""
        if known is None or before is None or chosen is not None or before.coreset is not None:
            return {}
        ends = np.cumsum([entry.rows for entry in before.references])
        return {
            now: known.assigned.part(slice(int(ends[then]) - before.references[then].rows, int(ends[then])))
            for now, then in places(references, before).items()
        }


def readable_lists(blobs: Blobs, product_id: str, manifest: BankManifest) -> Lists | None:
    """Without its lists a bank searches all rows, which takes longer and answers the same."""
    try:
        return stored_lists(blobs, product_id, manifest)
    except (BlobMissing, BlobDamaged, BankDamaged) as error:
        logger.warning("all rows of bank %d of %s are searched: %s", manifest.version, product_id, error)
        return None
