"""Batched zero-shot: each image is judged by all others of its batch, without references (ALGORITHM 6)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from app.engine.bank.rows import comparable
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.options import ZeroShotAggregation
from app.engine.types import Distances, PatchFeatures

BANK_SHARE = 0.001
IMAGE_SHARE = 0.3
CHUNK_ELEMENTS = 16 * 2**20
DOES_NOT_FIT = "The GPU has no memory left for this batch. Send fewer images, or lower smaller_edge."


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some patches of one other image, against which the patches of an image are searched at a time."""

    image: int
    patches: slice


class _Aggregation(Protocol):
    """What is kept of the distances seen so far."""

    def add(self, image: int, distances: torch.Tensor, /) -> None:
        """Take in the distances (N×C) to C patches of another image, its position in the batch given."""
        ...

    def result(self) -> torch.Tensor:
        """One distance per patch, N."""
        ...


class ZeroShotBatch:
    """The patches of a batch, unit length, unrotated and unmasked, each image's searched among all others'.

    Beside the patches of the batch it never holds more than two chunks of N×C <= CHUNK_ELEMENTS distances (C = 1 where
    N alone is more) and a few arrays of what is kept per patch: k distances with `quantile`, one per image with `musc`.
    """

    def __init__(self, features: Iterable[PatchFeatures], device: str) -> None:
        """Patch features of the images, in order; their grids may differ. `device` is `cpu` or `cuda[:n]`.

        Raises:
            GpuOutOfMemory: they do not fit into the GPU's memory.
        """
        self._device = torch.device(device)
        self._images: list[torch.Tensor] = []
        for each in features:
            self.add(each)

    def add(self, features: PatchFeatures) -> None:
        """Append an image to the batch; searches begun before do not see it. Raises GpuOutOfMemory."""
        with gpu_memory(DOES_NOT_FIT):
            self._images.append(torch.as_tensor(comparable(features.rows, "cosine"), device=self._device))

    def distances(
        self, position: int, aggregation: ZeroShotAggregation, others: Collection[int] | None = None
    ) -> Distances:
        """Patch distances (N) of the image at `position` to the other images, or to those at `others` alone; no mask is
        applied.

        `quantile` (AnomalyDINO's batched zero-shot): with M patches in the other images and
        `k = int(0.001·M)`, the mean of the distances strictly below the k-th smallest; the smallest where k <= 1 or
        where ties leave none below. `musc` (MuSc, Li et al., ICLR 2024): the smallest distance to each other image,
        and of these the mean of the lowest 30 %, at least one.

        Raises:
            ValueError: there is no other image.
            IndexError: no image is at `position`.
            GpuOutOfMemory
        """
        search = self.search(position, aggregation, others)
        for chunk in search.chunks():
            search.add(chunk)
        return search.distances()

    def search(
        self, position: int, aggregation: ZeroShotAggregation, others: Collection[int] | None = None
    ) -> "ZeroShotSearch":
        """The same in steps, for a caller who has others to serve in between. Raises as `distances` does."""
        images = range(len(self._images)) if others is None else sorted(others)
        rows = {image: self._images[image] for image in images if image != position}
        if not rows:
            raise ValueError("an image is judged by the others of its batch: give two images or more")
        if not 0 <= position < len(self._images):
            raise IndexError(f"no image is at {position}: the batch has {len(self._images)}")
        return ZeroShotSearch(self._images[position], rows, aggregation)


class ZeroShotSearch:
    """One image's search among the others: `add` every chunk of `chunks`, in any order, then read `distances`."""

    def __init__(
        self, queries: torch.Tensor, others: dict[int, torch.Tensor], aggregation: ZeroShotAggregation
    ) -> None:
        self._queries = queries
        self._others = others
        if aggregation == "musc":
            self._kept: _Aggregation = _ImageMinima(self._queries, list(self._others))
        else:
            self._kept = _Smallest(self._queries, sum(map(len, self._others.values())))

    def chunks(self) -> Iterator[Chunk]:
        """The patches of the other images, in pieces of bounded size."""
        step = max(1, CHUNK_ELEMENTS // len(self._queries))
        for image, rows in self._others.items():
            for start in range(0, len(rows), step):
                yield Chunk(image, slice(start, start + step))

    def add(self, chunk: Chunk) -> None:
        """Search one chunk. Raises GpuOutOfMemory."""
        with gpu_memory(DOES_NOT_FIT):
            similarity = self._queries @ self._others[chunk.image][chunk.patches].T
            self._kept.add(chunk.image, similarity.neg_().add_(1).clamp_(min=0))

    def distances(self) -> Distances:
        """Patch distances (N), once every chunk was added."""
        with gpu_memory(DOES_NOT_FIT):
            return self._kept.result().cpu().numpy()


class _Smallest:
    """The k smallest distances of each patch."""

    def __init__(self, queries: torch.Tensor, bank_rows: int) -> None:
        self._k = max(1, int(BANK_SHARE * bank_rows))
        self._smallest = queries.new_empty(len(queries), 0)

    def add(self, _image: int, distances: torch.Tensor, /) -> None:
        candidates = torch.cat([self._smallest, distances], dim=1)
        count = min(self._k, candidates.shape[1])
        self._smallest = candidates.topk(count, dim=1, largest=False, sorted=False).values

    def result(self) -> torch.Tensor:
        below = self._smallest < self._smallest.amax(dim=1, keepdim=True)
        count = below.sum(dim=1)
        mean = (self._smallest * below).sum(dim=1) / count.clamp(min=1)
        return torch.where(count > 0, mean, self._smallest.amin(dim=1))


class _ImageMinima:
    """The smallest distance of each patch to each other image."""

    def __init__(self, queries: torch.Tensor, others: list[int]) -> None:
        self._row = {image: row for row, image in enumerate(others)}
        self._minima = queries.new_full((len(others), len(queries)), torch.inf)

    def add(self, image: int, distances: torch.Tensor, /) -> None:
        minima = self._minima[self._row[image]]
        torch.minimum(minima, distances.amin(dim=1), out=minima)

    def result(self) -> torch.Tensor:
        count = max(1, int(IMAGE_SHARE * len(self._minima)))
        return self._minima.topk(count, dim=0, largest=False, sorted=False).values.mean(dim=0)
