"""Proposals: asked for, told, taken."""

from dataclasses import dataclass, replace
from typing import Literal

from app.errors import BankNotFound, Conflict, StaleRevision
from app.service.banks.builder import BankBuilder
from app.service.banks.loader import no_references
from app.service.clock import now
from app.service.improvements.comparison import conditions, past_inspections
from app.service.improvements.document import Evaluation
from app.service.improvements.false_alarms import false_alarms
from app.service.improvements.proposing import STEPS_OF_A_BANK, Proposer, outdated
from app.service.jobs.jobs import JobService, JobUnderWay
from app.service.records.records import kept_records, wanted_of
from app.storage.active_bank import active_bank, drop_old_versions
from app.storage.documents import BankManifest, Product
from app.storage.documents_json import decode
from app.storage.jobs import Job, Proposed, ScoredImage
from app.storage.records.store import Records
from app.storage.store import Blobs, Catalog

ProposalState = Literal["open", "active", "outdated"]


@dataclass(frozen=True, slots=True)
class Improvement:
    """A proposal. `manifest`: the version that it would let serve. `state`: `open`, it can be taken; `active`, what
    serves is what it proposed; `outdated`, it was looked at beside what is no more."""

    product_id: str
    state: ProposalState
    manifest: BankManifest
    evaluation: Evaluation

    @property
    def raises_threshold(self) -> bool:
        before, after = self.evaluation.before.threshold, self.evaluation.after.threshold
        return before is not None and after is not None and after > before

    @property
    def finds_fewer(self) -> bool:
        """Whether of the bad parts that were shown one passes that does not pass now, whatever others do."""
        called_bad = any(flip.truth == "bad" and flip.after == "ok" for flip in self.evaluation.flips)
        return called_bad or bool(self.evaluation.bad_images_passing)


@dataclass(frozen=True, slots=True)
class _Present:
    """What proposals are held against: a product, the version that serves it, and the photographs (SHA-256) of its
    confirmed false alarms and of parts that were called bad, as they are now."""

    product: Product
    active: BankManifest | None
    alarms: frozenset[str]
    called_bad: frozenset[str]

    def state_of(self, manifest: BankManifest, evaluation: Evaluation) -> ProposalState:
        active = self.active
        if active and active.content == manifest.content:
            return "active"
        if active is None or active.version != manifest.parent or conditions(self.product) != evaluation.conditions:
            return "outdated"
        added, told = {each.sha256 for each in evaluation.added}, set(evaluation.called_bad)
        return "open" if added <= self.alarms and self.called_bad <= told else "outdated"


class ImprovementService:
    """The proposals of each product. Nothing enters the bank that serves until somebody takes one."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        records: Records | None,
        jobs: JobService,
        proposer: Proposer,
        builder: BankBuilder,
        keep_versions: int,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._records = records
        self._jobs = jobs
        self._proposer = proposer
        self._builder = builder
        self._keep_versions = keep_versions

    def submit(self, product_id: str) -> Job:
        """Make a proposal from the confirmed false alarms, as a job.

        Raises:
            RecordsOff, ProductNotFound, NoReferences, BankDamaged; Conflict: there are no confirmed false alarms.
            Overloaded, Draining, StorageFull, StorageUnavailable.
        """
        reader = kept_records(self._records).reader
        self._jobs.require_room()
        product = self._catalog.product(product_id)
        manifest = active_bank(self._catalog, product_id)[1]
        if manifest is None or not manifest.references:
            raise no_references(product_id)
        references = {entry.sha256 for entry in manifest.references}
        alarms = [each for each in false_alarms(reader, product) if each.sha256 not in references]
        if not alarms:
            raise Conflict(
                f"Nobody has called a part of {product_id!r} good that did not pass and is no reference yet. Look at "
                "rejected parts, and say so of the good ones: POST /inspections/{inspection_id}/feedback"
            )
        past = past_inspections(reader, product)

        def work(under_way: JobUnderWay) -> tuple[ScoredImage, ...]:
            under_way.propose(Proposed(product_id, self._proposer.proposed(product_id, alarms, past, under_way)))
            return ()

        return self._jobs.submit("improvement", len(alarms) + STEPS_OF_A_BANK + len(past), work)

    def all(self, product_id: str) -> list[Improvement]:
        """Those that are kept, the newest first. RecordsOff, ProductNotFound, BankDamaged, StorageUnavailable."""
        versions = sorted(self._catalog.versions(product_id), reverse=True)
        manifests = [self._catalog.manifest(product_id, version) for version in versions]
        proposals = [each for each in manifests if each.reason == "proposal"]
        if not proposals:
            return []
        present = self._present(product_id)
        return [self._told(present, each) for each in proposals]

    def one(self, product_id: str, number: int) -> Improvement:
        """RecordsOff, ProductNotFound, StorageUnavailable; BankNotFound: there is none of that number, or it is no
        longer kept."""
        return self._told(self._present(product_id), self._proposal(product_id, number))

    def activate(
        self, product_id: str, number: int, *, higher_threshold: bool = False, fewer_found: bool = False
    ) -> BankManifest:
        """Let a version serve that is what was proposed; to take it back, activate its parent.

        `higher_threshold`, `fewer_found`: also where the threshold is higher then, or a bad part passes that does not
        pass now. Taking what serves already changes nothing.

        Raises:
            Conflict: the proposal is outdated, or one of these would be and was not asked for.
            ProductNotFound, BankNotFound, BankDamaged, StorageFull, StorageUnavailable, Draining.
        """
        while True:
            product, pointer = self._catalog.product(product_id), self._catalog.pointer(product_id)
            found = self.one(product_id, number)
            if found.state == "active":
                self._catalog.secure(product_id)
                return self._catalog.manifest(product_id, pointer.active or number)
            if found.state == "outdated":
                raise outdated(product_id)
            _require_wanted(found, higher_threshold=higher_threshold, fewer_found=fewer_found)
            serving = replace(
                found.manifest,
                version=pointer.latest + 1,
                parent=pointer.active,
                reason="improvement",
                created_at=now(),
            )
            try:
                self._builder.publish(product, serving, pointer)
            except StaleRevision:
                continue
            drop_old_versions(self._catalog, self._blobs, product_id, self._keep_versions)
            return serving

    def _proposal(self, product_id: str, number: int) -> BankManifest:
        manifest = self._catalog.manifest(product_id, number)
        if manifest.reason != "proposal":
            raise BankNotFound(
                f"Bank version {number} of {product_id!r} is no proposal. List them: GET "
                f"/products/{product_id}/improvements"
            )
        return manifest

    def _present(self, product_id: str) -> _Present:
        product, (_, active) = self._catalog.product(product_id), active_bank(self._catalog, product_id)
        reader = kept_records(self._records).reader
        alarms = frozenset(each.sha256 for each in false_alarms(reader, product))
        return _Present(product, active, alarms, reader.photographs_called(wanted_of(product), "bad"))

    def _told(self, present: _Present, manifest: BankManifest) -> Improvement:
        product_id = present.product.product_id
        evaluation = decode(Evaluation, self._blobs.get(product_id, "evaluations", manifest.evaluation or ""))
        return Improvement(product_id, present.state_of(manifest, evaluation), manifest, evaluation)


def _require_wanted(found: Improvement, *, higher_threshold: bool, fewer_found: bool) -> None:
    path = f"POST /products/{found.product_id}/improvements/{found.manifest.version}/activate"
    before, after = found.evaluation.before, found.evaluation.after
    if found.raises_threshold and not higher_threshold:
        raise Conflict(
            f"The threshold would rise from {before.threshold:.4g} to {after.threshold:.4g}, so that parts pass that "
            f"are rejected now, bad ones perhaps. Look at `flips`, and if that is wanted: {path}?higher_threshold=true"
        )
    if found.finds_fewer and not fewer_found:
        raise Conflict(
            "A bad part that was shown would pass, which does not pass now. Look at `flips` and `bad_images_passing`, "
            f"and if that is wanted: {path}?fewer_found=true"
        )
