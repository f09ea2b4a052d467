"""Images of inspections on their way through a backbone: those that wait together and are alike go together."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features
from app.engine.types import ModelInput, PatchFeatures
from app.errors import InspectorError
from app.service.accelerator.engine_thread import EngineThread, Priority
from app.service.accelerator.recent_passes import PassesView, RecentPasses
from app.service.deadline import Deadline
from app.service.limits import Batching
from app.service.turns import Turns


@dataclass(frozen=True, slots=True)
class Batch:
    """How many images went through the backbone in one pass, and how long this one waited for it."""

    size: int
    wait_ms: float


@dataclass(frozen=True, slots=True)
class Extracted:
    """An image's patch features, and the batch that it was in."""

    features: PatchFeatures
    batch: Batch


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """An image that waits since `came` (s); what comes of it is its outcome."""

    backbone: Backbone
    model_input: ModelInput
    deadline: Deadline
    came: float
    outcome: Future[Extracted]

    def is_like(self, other: "Waiting") -> bool:
        """Whether they can go together: the same network in the same arithmetic, images of one size."""
        return self.backbone is other.backbone and self.model_input.tensor.shape == other.model_input.tensor.shape


class Batches:
    """Gives an image's patch features, made in one pass with those of other inspections where that is faster.

    Each image queues a piece of the engine's. The piece whose turn it is takes as many images as there are and may be,
    the products in turn; one that finds none left does nothing.
    """

    def __init__(self, engine: EngineThread, batching: Batching, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._batching = batching
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting = Turns[Waiting]()
        self._coming = 0
        self._recent = RecentPasses(clock)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While an image is made ready for `begin`: a batch may wait for it."""
        with self._changed:
            self._coming += 1
        try:
            yield
        finally:
            with self._changed:
                self._coming -= 1
                self._changed.notify()

    def begin(
        self, backbone: Backbone, model_input: ModelInput, product_id: str, deadline: Deadline
    ) -> Future[Extracted]:
        """Queue an image and go on; what comes of it: also DeadlineExceeded or Overloaded, where its turn has come too
        late, and GpuOutOfMemory.

        Raises:
            Draining: the service is stopping.
        """
        image = Waiting(backbone, model_input, deadline, self._clock(), Future())
        with self._changed:
            self._waiting.add(product_id, image)
            try:
                self._engine.begin(Priority.INSPECTION, self._take_turn)
            except InspectorError:
                self._waiting.take(lambda each: each is image)
                raise
            self._changed.notify()
        return image.outcome

    def view(self, backbone: Backbone) -> PassesView:
        """The last minute, and the most images that a pass of this backbone may take."""
        return self._recent.view(self._most(backbone))

    def _most(self, backbone: Backbone) -> int:
        return self._batching.largest if backbone.batches else 1

    def _take_turn(self) -> None:
        if batch := self._gathered():
            self._run(batch)

    def _gathered(self) -> list[Waiting]:
        """The images that go together now; none where others took them along."""
        with self._changed:
            batch = self._next(lambda _: True)
            while batch and len(batch) < self._most(batch[0].backbone):
                if more := self._next(batch[0].is_like):
                    batch += more
                elif (worth_s := self._worth_waiting_s(batch)) > 0:
                    self._changed.wait(worth_s)
                else:
                    break
            return batch

    def _next(self, fits: Callable[[Waiting], bool]) -> list[Waiting]:
        """The image whose turn it is; none where none fits. Those whose time has passed or whose caller has gone are
        settled on the way."""
        while image := self._waiting.take(fits):
            if image.deadline.left_s >= 0:
                return [image]
            image.outcome.set_exception(image.deadline.error())
        return []

    def _worth_waiting_s(self, batch: Sequence[Waiting]) -> float:
        """How long the batch may wait for more; nothing where none is on its way, or where an image has no time."""
        if not self._coming:
            return 0.0
        left_s = min(each.came for each in batch) + self._batching.wait_s - self._clock()
        return left_s if all(each.deadline.left_s > left_s for each in batch) else 0.0

    def _run(self, batch: Sequence[Waiting]) -> None:
        began, found = self._clock(), list[PatchFeatures]()
        try:
            found = patch_features(batch[0].backbone, [each.model_input for each in batch])
        except BaseException as error:
            if len(batch) == 1:
                batch[0].outcome.set_exception(error)
                return
        if not found:  # not above: the error would hold the memory that the batch had taken
            for each in batch:
                self._run([each])
            return
        waits_ms = [1000 * (began - each.came) for each in batch]
        self._recent.ended(began, waits_ms)
        for each, features, wait_ms in zip(batch, found, waits_ms, strict=True):
            each.outcome.set_result(Extracted(features, Batch(len(batch), wait_ms)))
