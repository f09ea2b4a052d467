"""Which rows of a bank are searched, and what is known of its references then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.engine.bank.left_out import heat_scale, row_spread
from app.engine.methods.known import method_of, metric_of
from app.engine.options import Coreset, Preprocessing, ProductSettings, RowPrecision, Search
from app.engine.verdict.left_out_scores import left_out_masks, masked_scores
from app.service.accelerator.pieces import Pieces
from app.service.banks.coreset import CoresetMaker
from app.service.banks.left_out import LeftOutMaker
from app.service.banks.lists import ListsMaker
from app.service.banks.masking_policy import masking_applies
from app.service.limits import RowsHeld
from app.storage.documents import BankManifest, CoresetRecord, ListsRecord, MaskingRecord, ReferenceEntry
from app.storage.left_out import LeftOutTable
from app.storage.searched_rows import ChosenRows
from app.storage.segments import stored_segment
from app.storage.store import Blobs


@dataclass(frozen=True, slots=True)
class Joined:
    """The references of a bank version to be, their masking test, the settings that it is made for, what made its
    features, among which rows it is searched, and how these lie in memory."""

    product_id: str
    references: Sequence[ReferenceEntry]
    masking: MaskingRecord | None
    settings: ProductSettings
    preprocessing: Preprocessing
    search: Search
    row_precision: RowPrecision = "float32"

    @property
    def masked(self) -> bool:
        return masking_applies(self.settings, self.masking)


@dataclass(frozen=True, slots=True)
class BankRows:
    """`coreset`: None where all rows are searched; the leave-one-out table of what is searched, as a blob, and the hot
    end of the colour scale by it; `lists`: None where all rows are searched one by one."""

    coreset: CoresetRecord | None
    left_out: str | None
    heat_scale: float | None
    lists: ListsRecord | None = None

    @classmethod
    def of(cls, manifest: BankManifest) -> "BankRows":
        return cls(manifest.coreset, manifest.left_out, manifest.heat_scale, manifest.lists)


class BankRowsMaker:
    """Chooses the rows of bank versions and compares their references with each other."""

    def __init__(self, blobs: Blobs, pieces: Pieces, held: RowsHeld) -> None:
        self._blobs = blobs
        self._pieces = pieces
        self._lists = ListsMaker(blobs, pieces, held.exact_rows)
        self._coresets = CoresetMaker(blobs, pieces)

    def make(
        self, joined: Joined, rule: Coreset | None, before: BankManifest | None, *, anew: bool = False
    ) -> BankRows:
        """What the version `before` knows is not searched again, and what it has chosen by the same rule stays chosen,
        unless all of it is to be chosen `anew`.

        BlobMissing, BlobDamaged, BankDamaged: a segment cannot be read.
        """
        known = before if before and _searched_alike(before, joined) else None
        table_of_all = self._left_out(joined).table(joined.product_id, joined.references, joined.search, known)
        table_of_all = self._weighed(joined, table_of_all)
        if rule is None or not joined.references:
            return self._in_lists(joined, self._told(joined, table_of_all, None), None, before)
        same = before if before and before.coreset and before.coreset.rule == rule and not anew else None
        chosen = self._coresets.chosen(joined.product_id, rule, joined.references, same)
        table = self._left_out(joined).table_within(joined.product_id, joined.references, joined.search, chosen)
        table = self._weighed(joined, table, chosen)
        record = CoresetRecord(
            rule=rule,
            blob=self._coresets.put(joined.product_id, chosen),
            rows=len(chosen.row),
            left_out_of_all=self._left_out(joined).put(joined.product_id, table_of_all),
            score_of_all=_median_score(joined, {position: table_of_all[position] for position in table}),
            score=_median_score(joined, table),
        )
        return self._in_lists(joined, self._told(joined, table, record), chosen, before)

    def again(self, joined: Joined, damaged: BankManifest) -> BankRows:
        """Of a version whose coreset may be lost: chosen again by its rule, but where that comes out the same, as it
        was. Raises as `make`."""
        known = BankRows.of(damaged)
        if known.coreset is None or self._coresets.readable(joined.product_id, damaged):
            return known
        made = self.make(joined, known.coreset.rule, damaged, anew=True)
        return known if made.coreset and made.coreset.blob == known.coreset.blob else made

    def _left_out(self, joined: Joined) -> LeftOutMaker:
        return LeftOutMaker(self._blobs, self._pieces, joined.row_precision)

    def _in_lists(
        self, joined: Joined, made: BankRows, chosen: ChosenRows | None, before: BankManifest | None
    ) -> BankRows:
        rows = made.coreset.rows if made.coreset else sum(entry.rows for entry in joined.references)
        if not self._lists.wanted(rows, joined.preprocessing, joined.settings.profile, joined.search):
            return made
        coreset = made.coreset.blob if made.coreset else None
        return replace(made, lists=self._lists.make(joined.product_id, joined.references, chosen, coreset, before))

    def _weighed(self, joined: Joined, table: LeftOutTable, chosen: ChosenRows | None = None) -> LeftOutTable:
        if not table or not method_of(joined.preprocessing).weighs(joined.preprocessing.fit):
            return table
        return self._left_out(joined).weighed(joined.product_id, joined.references, joined.search, table, chosen)

    def _hot_alone(self, joined: Joined) -> float | None:
        """By the only reference, where the backbone's constant, a cosine distance, says nothing."""
        if len(joined.references) != 1 or metric_of(joined.preprocessing) == "cosine":
            return None
        part = stored_segment(self._blobs, joined.product_id, joined.references[0].segment)
        return row_spread(part.rows, part.metric) or None

    def _told(self, joined: Joined, table: LeftOutTable, coreset: CoresetRecord | None) -> BankRows:
        foreground_only = joined.settings.profile == "robust" and joined.masked
        hot = heat_scale(list(table.values()), foreground_only=foreground_only) or self._hot_alone(joined)
        return BankRows(coreset, self._left_out(joined).put(joined.product_id, table), hot)


def _searched_alike(before: BankManifest, joined: Joined) -> bool:
    return (before.search, before.row_precision) == (joined.search, joined.row_precision)


def _median_score(joined: Joined, table: LeftOutTable) -> float | None:
    """Of the references among the others; None where nothing is known of it."""
    settings = joined.settings
    if not table or (settings.profile == "paper" and joined.masked):
        return None
    fractions = [joined.references[each].foreground_fractions for each in table] if joined.masked else None
    rows = list(table.values())
    masks = [mask for mask, _ in left_out_masks(rows, fractions, settings.profile)]
    return float(np.median(masked_scores(rows, masks, settings.statistic)))
