"""Images that wait together go through the backbone together, each to its own caller."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.backbone.backbone import no_pause
from app.engine.detector import patch_features
from app.engine.types import Geometry, Grid, ModelInput, Size
from app.errors import DeadlineExceeded, Draining, GpuOutOfMemory, Overloaded
from app.service.accelerator.batches import Batches, Extracted
from app.service.accelerator.engine_thread import EngineThread, Priority
from app.service.deadline import NO_DEADLINE, Deadline
from app.service.limits import Batching
from tests.api.tiny_backbone import TINY, tiny_backbone

LARGEST = 4
PATIENCE_S = 10
FOREVER_S = 3600.0
BAD = -1000.0


class Noted:
    """The tiny backbone; it notes what it is given, and fails for what is marked as bad."""

    engine, precision, spec = "torch", "float32", TINY

    def __init__(self, *, batches: bool = True) -> None:
        self.batches, self.pause = batches, no_pause
        self.passes: list[list[float]] = []
        self._inner = tiny_backbone()

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        self.passes.append([float(image[0, 0, 0]) for image in inputs])
        if BAD in self.passes[-1]:
            raise GpuOutOfMemory("no memory left for this image")
        return self._inner.extract(inputs)


@pytest.fixture
def engine() -> Iterator[EngineThread]:
    made = EngineThread(0.2)
    yield made
    made.close()


@pytest.fixture
def backbone() -> Noted:
    return Noted()


@pytest.fixture
def batches(engine: EngineThread) -> Batches:
    return Batches(engine, Batching(LARGEST))


class Busy:
    """Keeps the engine busy for as long as the block lasts, so that everything queued in it waits together."""

    def __init__(self, engine: EngineThread) -> None:
        self._engine, self._over = engine, threading.Event()

    def __enter__(self) -> None:
        begun = threading.Event()

        def occupy() -> None:
            begun.set()
            self._over.wait(PATIENCE_S)

        self._engine.begin(Priority.INSPECTION, occupy)
        begun.wait(PATIENCE_S)

    def __exit__(self, *_: object) -> None:
        self._over.set()


def image(mark: float, rows: int = 2, columns: int = 3) -> ModelInput:
    """An image like no other; its first value is the mark."""
    size, grid = Size(rows * TINY.patch_size, columns * TINY.patch_size), Grid(rows, columns)
    tensor = np.random.default_rng(abs(int(mark))).standard_normal((3, size.height, size.width)).astype(np.float32)
    tensor[0, 0, 0] = mark
    pixels = np.zeros((size.height, size.width, 3), np.uint8)
    return ModelInput(pixels, tensor, Geometry(size, size, size, grid))


def begun(
    batches: Batches, backbone: Noted, marks: str, deadline: Deadline = NO_DEADLINE
) -> dict[float, Future[Extracted]]:
    """Images queued in that order: `a1 b2` is one of product a with the mark 1, then one of b."""
    return {
        float(each[1:]): batches.begin(backbone, image(float(each[1:])), each[0], deadline) for each in marks.split()
    }


def test_images_that_wait_together_go_together_whatever_their_products(
    engine: EngineThread, batches: Batches, backbone: Noted
) -> None:
    with Busy(engine):
        images = begun(batches, backbone, "a1 b2 c3")
    assert {each.result(PATIENCE_S).batch.size for each in images.values()} == {3}
    assert backbone.passes == [[1, 2, 3]]


def test_every_caller_gets_the_features_of_its_own_image(
    engine: EngineThread, batches: Batches, backbone: Noted
) -> None:
    own = tiny_backbone()

    def ask(mark: int) -> tuple[int, Extracted]:
        product_id, rows = "abc"[mark % 3], 2 + mark % 2
        return mark, batches.begin(backbone, image(mark, rows), product_id, NO_DEADLINE).result(PATIENCE_S)

    with ThreadPoolExecutor(12) as pool, Busy(engine):
        asked = [pool.submit(ask, mark) for mark in range(60)]
        while engine.waiting < 12:
            threading.Event().wait(0.001)
    for mark, found in (each.result() for each in asked):
        alone = patch_features(own, [image(mark, 2 + mark % 2)])[0]
        np.testing.assert_allclose(found.features.values, alone.values, atol=1e-5)
        assert found.features.geometry == alone.geometry
    assert max(map(len, backbone.passes)) == LARGEST
    assert sorted(mark for each in backbone.passes for mark in each) == list(range(60))


def test_other_sizes_and_other_backbones_go_by_themselves(engine: EngineThread, batches: Batches) -> None:
    one, other = Noted(), Noted()
    with Busy(engine):
        waiting = [
            batches.begin(one, image(1), "a", NO_DEADLINE),
            batches.begin(other, image(2), "b", NO_DEADLINE),
            batches.begin(one, image(3, rows=4), "c", NO_DEADLINE),
            batches.begin(one, image(4), "d", NO_DEADLINE),
        ]
    assert [each.result(PATIENCE_S).batch.size for each in waiting] == [2, 1, 1, 2]
    assert (one.passes, other.passes) == ([[1, 4], [3]], [[2]])


def test_no_batch_is_larger_than_may_be(engine: EngineThread, batches: Batches, backbone: Noted) -> None:
    with Busy(engine):
        images = begun(batches, backbone, " ".join(f"a{mark}" for mark in range(1, 7)))
    assert [each.result(PATIENCE_S).batch.size for each in images.values()] == [4] * 4 + [2] * 2


def test_what_runs_image_by_image_is_not_told_as_a_batch(engine: EngineThread, batches: Batches) -> None:
    backbone = Noted(batches=False)
    with Busy(engine):
        images = begun(batches, backbone, "a1 b2")
    assert [each.result(PATIENCE_S).batch.size for each in images.values()] == [1, 1]
    assert batches.view(backbone).largest == 1


@pytest.mark.parametrize(("largest", "passes"), [(1, [[1], [5], [2], [3], [4]]), (4, [[1, 5, 2, 3], [4]])])
def test_a_product_with_many_images_lets_others_have_their_turn(
    engine: EngineThread, backbone: Noted, largest: int, passes: list[list[float]]
) -> None:
    batches = Batches(engine, Batching(largest))
    with Busy(engine):
        images = begun(batches, backbone, "a1 a2 a3 a4 b5")
    for each in images.values():
        each.result(PATIENCE_S)
    assert backbone.passes == passes


def test_what_has_no_time_or_no_caller_left_never_reaches_the_backbone(
    engine: EngineThread, batches: Batches, backbone: Noted
) -> None:
    gone = Deadline()
    with Busy(engine):
        late = begun(batches, backbone, "a1", Deadline(answer_by=0))[1]
        unserved = begun(batches, backbone, "b2", Deadline(turn_by=0))[2]
        left = begun(batches, backbone, "c3", gone)[3]
        served = begun(batches, backbone, "a4 b5")
        gone.hung_up.set()
    assert [each.result(PATIENCE_S).batch.size for each in served.values()] == [2, 2]
    assert backbone.passes == [[4, 5]]
    for each, error in ((late, DeadlineExceeded), (unserved, Overloaded), (left, DeadlineExceeded)):
        assert isinstance(each.exception(PATIENCE_S), error)


def test_an_image_that_fails_fails_alone(engine: EngineThread, batches: Batches, backbone: Noted) -> None:
    with Busy(engine):
        images = begun(batches, backbone, f"a1 b{BAD} c3")
    assert isinstance(images.pop(BAD).exception(PATIENCE_S), GpuOutOfMemory)
    assert [each.result(PATIENCE_S).batch.size for each in images.values()] == [1, 1]
    assert backbone.passes == [[1, BAD, 3], [1], [BAD], [3]]


def test_nobody_is_waited_for_while_the_line_is_idle(engine: EngineThread, backbone: Noted) -> None:
    batches = Batches(engine, Batching(LARGEST, FOREVER_S))
    assert begun(batches, backbone, "a1")[1].result(PATIENCE_S).batch.size == 1


def test_a_batch_waits_for_images_on_their_way(engine: EngineThread, backbone: Noted) -> None:
    batches = Batches(engine, Batching(LARGEST, FOREVER_S))
    with batches.coming():
        first = begun(batches, backbone, "a1")[1]
        while engine.waiting:
            threading.Event().wait(0.001)
        assert not first.done()
        second = begun(batches, backbone, "b2")[2]
    assert [each.result(PATIENCE_S).batch.size for each in (first, second)] == [2, 2]
    assert first.result().batch.wait_ms > second.result().batch.wait_ms


def test_a_full_batch_waits_no_longer(engine: EngineThread, backbone: Noted) -> None:
    batches = Batches(engine, Batching(2, FOREVER_S))
    with batches.coming():
        images = begun(batches, backbone, "a1 b2")
        assert {each.result(PATIENCE_S).batch.size for each in images.values()} == {2}


@pytest.mark.parametrize("wait_s", [0.0, 0.01])
def test_the_wait_is_bounded(engine: EngineThread, backbone: Noted, wait_s: float) -> None:
    batches = Batches(engine, Batching(LARGEST, wait_s))
    with batches.coming():
        found = begun(batches, backbone, "a1")[1].result(PATIENCE_S)
    assert found.batch.size == 1
    assert found.batch.wait_ms >= 1000 * wait_s


def test_an_image_with_less_time_than_that_is_not_made_to_wait(engine: EngineThread, backbone: Noted) -> None:
    batches = Batches(engine, Batching(LARGEST, FOREVER_S))
    with batches.coming():
        soon = Deadline(answer_by=time.monotonic() + PATIENCE_S)
        found = begun(batches, backbone, "a1", soon)[1].result(PATIENCE_S)
    assert found.batch.size == 1


def test_a_stopping_service_takes_no_image_and_forgets_it(engine: EngineThread, backbone: Noted) -> None:
    batches = Batches(engine, Batching(LARGEST))
    engine.close()
    with pytest.raises(Draining):
        begun(batches, backbone, "a1")
    assert len(batches._waiting) == 0


def test_what_the_passes_were_like_is_told(engine: EngineThread, batches: Batches, backbone: Noted) -> None:
    assert batches.view(backbone).mean_size is None
    with Busy(engine):
        images = begun(batches, backbone, "a1 b2 c3")
    found = [each.result(PATIENCE_S).batch for each in images.values()]
    found.append(begun(batches, backbone, "a4")[4].result(PATIENCE_S).batch)
    told = batches.view(backbone)
    assert (told.largest, told.images, told.mean_size) == (LARGEST, 4, 2.0)
    assert told.mean_wait_ms == pytest.approx(np.mean([each.wait_ms for each in found]))
