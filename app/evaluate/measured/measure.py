"""Measuring an object: every photograph goes through the backbone once, every reference is searched once.

A bank is the union of its references, so the distance of a patch to a bank is the least of its distances to the
references. They are kept per reference: the banks of all shots and seeds then cost no further search.

In memory at a time: the patch features of the test images and of the compared references, and one reference's share of
the bank.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank, segment
from app.engine.bank.rows import unit_length
from app.engine.masking.foreground import foreground_mask
from app.engine.masking.masking_test import masking_test
from app.engine.options import ROTATION_ANGLES_DEG, Profile, Rotation
from app.engine.types import Mask, PatchFeatures
from app.engine.zero_shot import ZeroShotBatch
from app.evaluate.measured import needs
from app.evaluate.measured.cache import Cache
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measurements import Measurements
from app.evaluate.measured.needs import Missing, QuerySet

Progress = Callable[[int], None]
"""Told how many more images went through the backbone."""

Queries = dict[str, NDArray[np.float32]]
"""By the name of the query set: the unit-length patches of all its images, one after the other."""

SEARCHED_TOGETHER = 65_536
"""Patches of one search: 100 MB with 384 features."""


def measure(missing: Missing, extractor: Extractor, cache: Cache, progress: Progress) -> Measurements:
    """Measure what is missing.

    Raises:
        InvalidDataset: a photograph cannot be read; it is named.
    """
    run = _Measuring(missing, extractor, cache, progress)
    if missing.queries_needed or missing.work:
        run.measure()
    spec = extractor.backbone.spec
    return Measurements(cache, missing.tests, missing.compared, extractor.preprocessing, spec.patch_size)


@dataclass(frozen=True, slots=True)
class _Measuring:
    missing: Missing
    extractor: Extractor
    cache: Cache
    progress: Progress

    def measure(self) -> None:
        queries = self._queries() if self.missing.queries_needed else {}
        for reference, rotations in self.missing.work.items():
            self._keep_reference(reference, rotations, queries)

    def _queries(self) -> Queries:
        """The patches to search for; what the test images' features are needed for else is done on the way."""
        tests = self._extracted(self.missing.tests)
        self._keep_masks(tests)
        self._keep_batch_distances(tests)
        compared = self._extracted(self.missing.compared)
        return {
            queries.name: self._rows(queries, found)
            for queries, found in ((self.missing.tests, tests), (self.missing.compared, compared))
        }

    def _extracted(self, queries: QuerySet) -> list[PatchFeatures]:
        found, before_s = [], self.extractor.pass_seconds
        for features in self.extractor.images(queries.paths):
            found.append(features)
            self.progress(1)
        took_s = self.extractor.pass_seconds - before_s
        self.cache.save(needs.pass_cost(queries.name), np.array(took_s / max(1, len(found))))
        return found

    def _rows(self, queries: QuerySet, found: Sequence[PatchFeatures]) -> NDArray[np.float32]:
        """The unit-length patches of all images of a set, one after the other; its sizes are kept."""
        sizes = [(each.geometry.original.height, each.geometry.original.width) for each in found]
        self.cache.save(needs.sizes(queries.name), np.array(sizes, np.int64).reshape(-1, 2))
        width = self.extractor.backbone.spec.width
        return np.concatenate([unit_length(each.values) for each in found] or [np.zeros((0, width), np.float32)])

    def _keep_masks(self, tests: Sequence[PatchFeatures]) -> None:
        for profile in self.missing.needs.profiles:
            self.cache.save(needs.masks(profile), np.concatenate([self._mask(each, profile) for each in tests]))

    def _keep_batch_distances(self, tests: Sequence[PatchFeatures]) -> None:
        wanted = [each for each in self.missing.needs.aggregations if not self.cache.has(needs.batch(each))]
        if not wanted:
            return
        with self.extractor.times.stage("batched zero-shot"):
            batch = ZeroShotBatch(tests, self.extractor.device)
            for aggregation in wanted:
                found = [batch.distances(position, aggregation) for position in range(len(tests))]
                self.cache.save(needs.batch(aggregation), np.concatenate(found))

    def _keep_reference(self, reference: Path, rotations: frozenset[Rotation], queries: Queries) -> None:
        angles_deg = self.missing.angles_deg(reference)
        before_s = self.extractor.pass_seconds
        found = self.extractor.reference(reference, angles_deg)
        pass_s = (self.extractor.pass_seconds - before_s) / len(angles_deg)
        self.progress(len(angles_deg))
        if self.missing.needs.profiles:
            self._keep_foreground(reference, found)
        for rotation in rotations:
            turned = found if rotation == "on" else found[:1]
            self._keep_distances(reference, rotation, turned, queries, pass_s)

    def _keep_foreground(self, reference: Path, found: Sequence[PatchFeatures]) -> None:
        """The references' foregrounds by the robust rule, as the service has them, and the masking test."""
        robust = [self._mask(each, "robust") for each in found]
        self.cache.save(needs.foreground(reference), robust[0])
        for rotation in self.missing.needs.shown:
            bank = robust if rotation == "on" else robust[:1]
            self.cache.save(needs.fractions(rotation, reference), np.array([mask.mean() for mask in bank]))
        for profile in self.missing.needs.profiles:
            if (reference, profile) in self.missing.needs.tested:
                used = robust if profile == "robust" else [self._mask(each, profile) for each in found]
                verdict = masking_test(found, used, ROTATION_ANGLES_DEG)
                self.cache.save(needs.verdict(reference, profile), np.array(verdict.accepted))

    def _keep_distances(
        self, reference: Path, rotation: Rotation, turned: Sequence[PatchFeatures], queries: Queries, pass_s: float
    ) -> None:
        """`pass_s`: the seconds that a forward pass of the reference took."""
        tests, times = self.missing.tests, self.extractor.times
        with times.stage("search"):
            started = time.perf_counter()
            part = segment(turned, ROTATION_ANGLES_DEG[: len(turned)])
            bank = MemoryBank([part], self.extractor.device)
            build_s = len(turned) * pass_s + time.perf_counter() - started
            for name, rows in queries.items():
                started = time.perf_counter()
                starts = range(0, max(1, len(rows)), SEARCHED_TOGETHER)
                found = [bank.nearest(rows[start : start + SEARCHED_TOGETHER])[0] for start in starts]
                self.cache.save(needs.column(rotation, reference, name), np.concatenate(found))
                if name == tests.name:
                    search_s = (time.perf_counter() - started) / len(tests.paths)
                    self.cache.save(needs.cost(rotation, reference), np.array([search_s, bank.size_bytes, build_s]))

    def _mask(self, features: PatchFeatures, profile: Profile) -> Mask:
        with self.extractor.times.stage("mask"):
            return foreground_mask(features, self.extractor.backbone.spec, profile)
