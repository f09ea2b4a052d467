"""Photographs to patch features, decoded and prepared on other threads ahead of the backbone."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features, reference_input
from app.engine.options import Preprocessing
from app.engine.photograph.preprocess import preprocess
from app.engine.types import ModelInput, PatchFeatures
from app.errors import InspectorError, InvalidDataset
from app.evaluate.dataset import read_image
from app.evaluate.measured.stages import StageTimes

BACKBONE = "backbone"
"""The stage of the forward passes."""

Source = TypeVar("Source")

READ_AHEAD = 4
"""Photographs that each reading thread may be ahead, prepared."""

GPU_BATCH = 8
"""Images of one forward pass on a GPU. On the CPU a batch gains nothing."""


@dataclass(frozen=True, slots=True)
class Extractor:
    """A backbone and one preprocessing, with the threads that read for it."""

    backbone: Backbone
    preprocessing: Preprocessing
    device: str
    threads: int
    times: StageTimes

    @property
    def pass_seconds(self) -> float:
        """Seconds that forward passes have taken so far."""
        return self.times.seconds.get(BACKBONE, 0.0)

    def images(self, paths: Sequence[Path]) -> Iterator[PatchFeatures]:
        """Raw patch features of photographs, in order. InvalidDataset, which names the file that cannot be used."""
        with ThreadPoolExecutor(self.threads) as pool:
            yield from self._features(self._ahead(pool, paths))

    def reference(self, path: Path, angles_deg: Sequence[float]) -> list[PatchFeatures]:
        """Raw patch features of a reference at each angle, in order. InvalidDataset as above."""
        with self.times.stage("decode and preprocess"):
            image = read_image(path)
        turned = partial(reference_input, image, preprocessing=self.preprocessing, backbone=self.backbone)
        with ThreadPoolExecutor(self.threads) as pool:
            return list(self._features(pool.map(partial(self._prepared, path, turned), angles_deg)))

    def _ahead(self, pool: ThreadPoolExecutor, paths: Iterable[Path]) -> Iterator[ModelInput]:
        waiting: deque[Future[ModelInput]] = deque()
        for path in paths:
            waiting.append(pool.submit(self._prepared, path, self._read, path))
            if len(waiting) > READ_AHEAD * self.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _read(self, path: Path) -> ModelInput:
        made = self.preprocessing
        return preprocess(read_image(path), made.smaller_edge, self.backbone.spec, made.fit)

    def _prepared(self, path: Path, make: Callable[[Source], ModelInput], source: Source) -> ModelInput:
        with self.times.stage("decode and preprocess"):
            try:
                return make(source)
            except InvalidDataset:
                raise
            except InspectorError as error:
                raise InvalidDataset(f"{path}: {error.message}") from error

    def _features(self, inputs: Iterable[ModelInput]) -> Iterator[PatchFeatures]:
        """One forward pass for images of one size that follow each other, up to the batch that the device likes."""
        size = 1 if self.device == "cpu" else GPU_BATCH
        batch: list[ModelInput] = []
        for each in inputs:
            if batch and (len(batch) == size or batch[0].geometry.cropped != each.geometry.cropped):
                yield from self._passed(batch)
                batch = []
            batch.append(each)
        if batch:
            yield from self._passed(batch)

    def _passed(self, batch: list[ModelInput]) -> list[PatchFeatures]:
        with self.times.stage(BACKBONE):
            return patch_features(self.backbone, batch)
