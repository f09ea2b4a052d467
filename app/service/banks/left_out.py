"""Keeping the leave-one-out table of a bank up to date: a new reference is compared with the others, they with it."""

import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.left_out import NOBODY, LeftOut, compared_references
from app.engine.bank.near import Places
from app.engine.methods.patchcore import PatchWeights, farthest_patches
from app.engine.options import RowPrecision, Search
from app.engine.types import Distances, Grid, Mask, Weights
from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.accelerator.pieces import Pieces
from app.storage.documents import BankManifest, ReferenceEntry
from app.storage.left_out import LeftOutTable, decode_left_out, encode_left_out
from app.storage.searched_rows import ChosenRows
from app.storage.segments import stored_segment
from app.storage.store import Blobs

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Open:
    """A reference whose row of the table is being brought up to date. `patches`: those to be searched for in every
    other reference; the others know their nearest among the references of before."""

    rows: NDArray[np.float32]
    grid: Grid
    distances: Distances
    nearest: NDArray[np.int32]
    foreground: Mask
    patches: NDArray[np.intp]


class LeftOutMaker:
    """Makes the leave-one-out tables of bank versions."""

    def __init__(self, blobs: Blobs, pieces: Pieces, precision: RowPrecision = "float32") -> None:
        """`precision`: that of the rows of the bank."""
        self._blobs = blobs
        self._pieces = pieces
        self._precision = precision

    def table(
        self, product_id: str, references: Sequence[ReferenceEntry], search: Search, before: BankManifest | None
    ) -> LeftOutTable:
        """The table of a bank of these references with all their rows; what the version `before`, of the same search,
        knows is not searched again.

        Raises:
            BlobMissing, BlobDamaged, BankDamaged: a segment cannot be read.
        """
        compared = compared_references([entry.sha256 for entry in references])
        known = self._known(product_id, references, before)
        table = {position: known[position] for position in compared if position in known}
        fresh = set(range(len(references))) - places(references, before).keys()
        changed = {
            position: table.get(position)
            for position in compared
            if position not in table or fresh - {position} or (table[position].nearest == NOBODY).any()
        }
        if changed:
            table |= self._searched(product_id, references, search, changed, fresh)
        return {position: table[position] for position in compared}

    def table_within(
        self, product_id: str, references: Sequence[ReferenceEntry], search: Search, chosen: ChosenRows
    ) -> LeftOutTable:
        """The table where only the chosen rows are searched: each reference among those of the others. One beside
        which nothing was chosen of the others, or nothing near one of its patches, has no row. Raises as above."""
        compared = compared_references([entry.sha256 for entry in references])
        everyone = set(range(len(references)))
        found = self._searched(product_id, references, search, dict.fromkeys(compared), everyone, chosen)
        return {position: row for position, row in found.items() if (row.nearest != NOBODY).all()}

    def weighed(
        self,
        product_id: str,
        references: Sequence[ReferenceEntry],
        search: Search,
        table: LeftOutTable,
        chosen: ChosenRows | None = None,
    ) -> LeftOutTable:
        """The table with the weights of each reference's farthest patches, by the rows of the others, or those chosen.

        Raises as above.
        """
        patches = {
            position: farthest_patches(row.distances, [np.ones(len(row.distances), bool), row.foreground])
            for position, row in table.items()
        }
        weighing = {
            position: _weights_of(self._part(product_id, references[position]), each)
            for position, each in patches.items()
        }
        for step in (PatchWeights.look_in, PatchWeights.look_around):
            for other, bank in self._banks(product_id, references, search, chosen):
                for position, each in weighing.items():
                    if position != other:
                        self._pieces.run(step, each, bank)
        return {
            position: _with_weights(row, patches[position], weighing[position].weights())
            for position, row in table.items()
        }

    def put(self, product_id: str, table: LeftOutTable) -> str | None:
        """Store a table; its digest. StorageFull, StorageUnavailable."""
        return self._blobs.put(product_id, "left-out", encode_left_out(table)) if table else None

    def _known(
        self, product_id: str, references: Sequence[ReferenceEntry], before: BankManifest | None
    ) -> LeftOutTable:
        """What the version before knows of these references, in their positions."""
        try:
            rows = _stored(self._blobs, product_id, before.left_out_of_all) if before else {}
        except (BlobMissing, BlobDamaged, BankDamaged) as error:
            logger.warning("the leave-one-out table of %s is made anew: %s", product_id, error)
            return {}
        stand = places(references, before)
        moved = np.full(len(before.references) + 1 if before else 1, NOBODY, np.int32)
        moved[list(stand.values())] = list(stand.keys())
        return {now: _moved(rows[then], moved) for now, then in stand.items() if then in rows}

    def _searched(
        self,
        product_id: str,
        references: Sequence[ReferenceEntry],
        search: Search,
        changed: Mapping[int, LeftOut | None],
        fresh: set[int],
        chosen: ChosenRows | None = None,
    ) -> dict[int, LeftOut]:
        opened = {
            position: _opened(self._part(product_id, references[position]), row) for position, row in changed.items()
        }
        wanted = {other: list(_wanted(opened, other, is_fresh=other in fresh)) for other in range(len(references))}
        among = {each for each in wanted if wanted[each]}
        for other, bank in self._banks(product_id, references, search, chosen, among):
            for each, patches in wanted[other]:
                found, _ = self._pieces.run(bank.nearest, each.rows[patches], Places(each.grid, patches))
                closer = found < each.distances[patches]
                each.distances[patches[closer]] = found[closer]
                each.nearest[patches[closer]] = other
        return {position: LeftOut(each.distances, each.nearest, each.foreground) for position, each in opened.items()}

    def _part(self, product_id: str, reference: ReferenceEntry) -> Segment:
        return stored_segment(self._blobs, product_id, reference.segment)

    def _banks(
        self,
        product_id: str,
        references: Sequence[ReferenceEntry],
        search: Search,
        chosen: ChosenRows | None,
        among: Container[int] | None = None,
    ) -> Iterator[tuple[int, MemoryBank]]:
        """One bank for each reference, of all its rows or those chosen; none where nothing was."""
        for position, entry in enumerate(references):
            if among is not None and position not in among:
                continue
            part = self._part(product_id, entry)
            searched = part if chosen is None else part.reduced(chosen.of(position))
            if len(searched.rows):
                made = partial(MemoryBank, precision=self._precision)
                yield position, self._pieces.run(made, [searched], self._pieces.device, search)


def stored_left_out(blobs: Blobs, product_id: str, manifest: BankManifest) -> LeftOutTable:
    """The table of a version, empty where it has none. BlobMissing, BlobDamaged, BankDamaged."""
    return _stored(blobs, product_id, manifest.left_out)


def readable_left_out(blobs: Blobs, product_id: str, manifest: BankManifest) -> LeftOutTable:
    """Without its table a bank serves on, uncalibrated: no part is released by it."""
    try:
        return stored_left_out(blobs, product_id, manifest)
    except (BlobMissing, BlobDamaged, BankDamaged) as error:
        logger.warning("bank %d of %s is uncalibrated until it is rebuilt: %s", manifest.version, product_id, error)
        return {}


def _stored(blobs: Blobs, product_id: str, digest: str | None) -> LeftOutTable:
    return {} if digest is None else decode_left_out(blobs.get(product_id, "left-out", digest))


def places(references: Sequence[ReferenceEntry], before: BankManifest | None) -> dict[int, int]:
    """Where the references that were there before, made the same way, stand now, and where they stood then."""
    then = {(entry.sha256, entry.segment): place for place, entry in enumerate(before.references if before else ())}
    return {
        place: then[entry.sha256, entry.segment]
        for place, entry in enumerate(references)
        if (entry.sha256, entry.segment) in then
    }


def _wanted(opened: Mapping[int, _Open], other: int, *, is_fresh: bool) -> Iterator[tuple[_Open, NDArray[np.intp]]]:
    """Which patches of which references have to be searched for in another one."""
    for position, each in opened.items():
        patches = np.arange(len(each.rows)) if is_fresh else each.patches
        if position != other and len(patches):
            yield each, patches


def _moved(row: LeftOut, moved: NDArray[np.int32]) -> LeftOut:
    """A row of the version before, in the positions of now; patches whose nearest reference is gone know nobody."""
    return LeftOut(row.distances, moved[row.nearest], row.foreground)


def _with_weights(row: LeftOut, patches: NDArray[np.int64], weights: Weights) -> LeftOut:
    all_weights = np.ones(len(row.distances), np.float32)
    all_weights[patches] = weights
    return replace(row, weights=all_weights)


def _weights_of(segment: Segment, patches: NDArray[np.int64]) -> PatchWeights:
    return PatchWeights(segment.upright[patches], Places(segment.grid, patches))


def _opened(segment: Segment, row: LeftOut | None) -> _Open:
    if row is None:
        distances = np.full(segment.grid.patches, np.inf, np.float32)
        nearest = np.full(segment.grid.patches, NOBODY, np.int32)
    else:
        distances, nearest = row.distances.copy(), row.nearest.copy()
    patches = np.flatnonzero(nearest == NOBODY)
    distances[patches] = np.inf
    return _Open(segment.upright.copy(), segment.grid, distances, nearest, segment.foreground, patches)
