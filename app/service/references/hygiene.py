"""Are the references fit to be references? Findings, what each one adds, and leaving the oddest out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.index import ratio_in
from app.engine.bank.left_out import compared_references
from app.engine.bank.near import Places
from app.engine.bank.spread import evenly_spaced
from app.engine.hygiene import (
    Coverage,
    Finding,
    FindingKind,
    Photograph,
    coverage,
    findings,
    outlier_finding,
    outliers,
    suspicions,
    trimmed,
)
from app.engine.hygiene.outliers import ACCUSED_RATIO
from app.engine.methods.known import metric_of
from app.engine.options import Search
from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.accelerator.pieces import Pieces
from app.service.banks.banks import BankService
from app.service.banks.builder import BankBuilder, References
from app.service.banks.left_out import stored_left_out
from app.service.banks.life import same_life
from app.service.banks.loader import no_references
from app.service.uploads.photographs import Photographs
from app.service.verdicts.good_photograph import masks_of_references
from app.storage.documents import BankManifest, Product
from app.storage.segments import stored_segment
from app.storage.store import Blobs, Catalog


@dataclass(frozen=True, slots=True)
class ReferenceFinding:
    """What may be wrong with a reference, and what to do. `other`: the SHA-256 of the reference it is all but the same
    as."""

    kind: FindingKind
    message: str
    numbers: Mapping[str, float]
    other: str | None


COVERED_REFERENCES = 10
"""Of more references, evenly spaced ones of those in the leave-one-out table are compared pair by pair: each pair costs
a search."""

Findings = dict[str, tuple[ReferenceFinding, ...]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Of the references of a bank version, by SHA-256: `findings`, `suspicions` (1: as the others), `adds` (by what
    share the others would score higher without it, of those that were compared). `coverage` is None for fewer than
    three references."""

    manifest: BankManifest
    findings: Findings
    suspicions: Mapping[str, float]
    adds: Mapping[str, float]
    coverage: Coverage | None


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The references that were left out, or would be, and the version that serves."""

    manifest: BankManifest
    removed: tuple[str, ...]


class HygieneService:
    """Looks at the references of a product."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        banks: BankService,
        builder: BankBuilder,
        photographs: Photographs,
        pieces: Pieces,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._banks = banks
        self._builder = builder
        self._photographs = photographs
        self._pieces = pieces

    def of_photographs(self, product_id: str, sent: Mapping[str, Photograph], present: Sequence[str]) -> Findings:
        """Each of the sent photographs beside the others and those that are `present`, by SHA-256."""
        known = dict(sent)
        for sha256 in present:
            if sha256 not in known and (measured := self._photographs.of(product_id, sha256)):
                known[sha256] = measured
        found: Findings = {}
        for sha256, measured in sent.items():
            others = {other: each for other, each in known.items() if other != sha256}
            found[sha256] = tuple(_named(each, list(others)) for each in findings(measured, list(others.values())))
        return found

    def outliers(self, product: Product, manifest: BankManifest) -> tuple[Findings, dict[str, float]]:
        """The references that stand out from the others, and how much each of them does, by SHA-256."""
        try:
            table = stored_left_out(self._blobs, product.product_id, manifest)
        except (BlobMissing, BlobDamaged, BankDamaged):
            return {}, {}
        how_odd = suspicions(table, [mask for mask, _ in masks_of_references(table, manifest, product.settings)])
        names = {position: manifest.references[position].sha256 for position in table}
        ratio = ratio_in(metric_of(manifest.preprocessing), ACCUSED_RATIO)
        accused: Findings = {
            names[each]: (_named(outlier_finding(how_odd[each], ratio), []),) for each in outliers(how_odd, ratio)
        }
        return accused, {names[position]: each for position, each in how_odd.items()}

    def findings(self, product_id: str) -> Findings:
        """Of the references of the bank that serves, by SHA-256: each measured once, no pairs searched.

        ProductNotFound, NoReferences, BankDamaged.
        """
        return self._findings(self._catalog.product(product_id), self._active(product_id))[0]

    def quality(self, product_id: str) -> Quality:
        """All that can be said of the references of the bank that serves. Takes seconds: pairs are searched.

        ProductNotFound, NoReferences, BankDamaged.
        """
        product, manifest = self._catalog.product(product_id), self._active(product_id)
        names = [entry.sha256 for entry in manifest.references]
        found, how_odd = self._findings(product, manifest)
        drawn = compared_references(names)
        compared = [drawn[place] for place in evenly_spaced(len(drawn), COVERED_REFERENCES)]
        with same_life(self._catalog, product_id, product.created_at):
            covered = self._coverage(product, manifest, compared)
        return Quality(
            manifest=manifest,
            findings=found,
            suspicions=how_odd,
            adds={names[at]: each for at, each in zip(compared, covered.adds, strict=True)} if covered else {},
            coverage=covered,
        )

    def trim(self, product_id: str, share: float, *, dry_run: bool) -> Trimmed:
        """Leave the oddest `share` (0..1) of the references out, for a set that is known to hold bad parts.

        A new bank version serves; the older ones keep them for a rollback. ProductNotFound, NoReferences, BankDamaged.
        """
        product, manifest = self._catalog.product(product_id), self._active(product_id)
        _, how_odd = self.outliers(product, manifest)
        names = list(how_odd)
        left = {names[at] for at in trimmed(dict(enumerate(how_odd.values())), share)}
        removed = tuple(name for name in names if name not in left)
        if dry_run or not removed:
            return Trimmed(manifest, removed)

        def kept(references: References) -> References:
            return tuple(each for each in references if each.sha256 not in removed)

        return Trimmed(self._builder.update(product_id, "delete", kept), removed)

    def _findings(self, product: Product, manifest: BankManifest) -> tuple[Findings, dict[str, float]]:
        """All of them, and how much each reference stands out."""
        names = [entry.sha256 for entry in manifest.references]
        measured = {name: each for name in names if (each := self._photographs.of(product.product_id, name))}
        found = self.of_photographs(product.product_id, measured, [])
        accused, how_odd = self.outliers(product, manifest)
        return {name: (*found.get(name, ()), *accused.get(name, ())) for name in names}, how_odd

    def _active(self, product_id: str) -> BankManifest:
        manifest = self._banks.active(product_id)
        if manifest is None or not manifest.references:
            raise no_references(product_id)
        return manifest

    def _coverage(self, product: Product, manifest: BankManifest, compared: Sequence[int]) -> Coverage | None:
        try:
            table = stored_left_out(self._blobs, product.product_id, manifest)
            segments = [
                stored_segment(self._blobs, product.product_id, manifest.references[at].segment) for at in compared
            ]
        except (BlobMissing, BlobDamaged) as error:
            raise BankDamaged(f"{error}") from error
        if len(compared) < 3 or not set(compared) <= set(table):
            return None
        masked = masks_of_references(table, manifest, product.settings)
        masks = {position: mask for position, (mask, _) in zip(table, masked, strict=True)}
        pairs = self._pairs(segments, manifest.search)
        return coverage(pairs, [masks[at] for at in compared], product.settings.statistic)

    def _pairs(self, segments: Sequence[Segment], search: Search) -> list[NDArray[np.float32]]:
        """Of each reference, its patches' distances to each one: n×N_i."""
        found = [np.zeros((len(segments), part.grid.patches), np.float32) for part in segments]
        for other, part in enumerate(segments):
            bank = self._pieces.run(MemoryBank, [part], self._pieces.device, search)
            for place, each in enumerate(segments):
                if place != other:
                    places = Places(each.grid, np.arange(each.grid.patches))
                    found[place][other], _ = self._pieces.run(bank.nearest, each.upright, places)
        return found


def _named(finding: Finding, others: Sequence[str]) -> ReferenceFinding:
    """With the SHA-256 of the other photograph that a finding is about, in place of its number."""
    numbers = dict(finding.numbers)
    other = numbers.pop("other", None)
    return ReferenceFinding(finding.kind, finding.message, numbers, None if other is None else others[int(other)])
