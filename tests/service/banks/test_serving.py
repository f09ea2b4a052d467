"""What a process knows of what serves: fresh within a bound, kept while the store is away, no older than a change."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ProductNotFound, StorageOutdated, StorageUnavailable
from app.service.banks.serving import PROBE_EVERY_S, ServingKnowledge
from app.storage.disk import DiskCatalog
from app.storage.documents import Product
from tests.storage.samples import product, publish_next

LONG_S = 60.0


@pytest.fixture
def catalog(tmp_path: Path) -> DiskCatalog:
    made = DiskCatalog(tmp_path)
    made.create(product())
    publish_next(made)
    return made


@contextmanager
def away(root: Path) -> Iterator[None]:
    """The store cannot be read: a file lies where its products were."""
    (root / "products").rename(root / "elsewhere")
    (root / "products").write_bytes(b"")
    try:
        yield
    finally:
        (root / "products").unlink()
        (root / "elsewhere").rename(root / "products")


def active(knowledge: ServingKnowledge) -> int | None:
    return knowledge.get("flange").pointer.active


def test_what_was_read_is_used_until_it_is_too_old(catalog: DiskCatalog) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0.2)
    assert active(knowledge) == 1
    publish_next(catalog)
    assert active(knowledge) == 1
    time.sleep(0.21)
    assert active(knowledge) == 2


def test_with_a_bound_of_zero_the_store_is_asked_each_time(catalog: DiskCatalog) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    assert active(knowledge) == 1
    publish_next(catalog)
    assert active(knowledge) == 2


@pytest.mark.parametrize("announced", ["flange", None])
def test_an_announced_change_is_seen_at_once(catalog: DiskCatalog, announced: str | None) -> None:
    knowledge = ServingKnowledge(catalog, LONG_S)
    assert active(knowledge) == 1
    publish_next(catalog)
    knowledge.expire(announced)
    assert active(knowledge) == 2


def test_a_change_of_ones_own_is_seen_at_once_and_told(catalog: DiskCatalog) -> None:
    told: list[str] = []
    knowledge = ServingKnowledge(catalog, LONG_S, told.append)
    assert active(knowledge) == 1
    with knowledge.changing("flange"):
        publish_next(catalog)
    assert (active(knowledge), told) == (2, ["flange"])


class SlowCatalog(DiskCatalog):
    """Lets a change come between what is read and its return."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read, self.go_on = threading.Event(), threading.Event()

    def product(self, product_id: str) -> Product:
        found = super().product(product_id)
        self.read.set()
        self.go_on.wait(10)
        return found


def test_what_was_read_before_a_change_does_not_outlive_it(catalog: DiskCatalog, tmp_path: Path) -> None:
    slow = SlowCatalog(tmp_path)
    knowledge = ServingKnowledge(slow, LONG_S)
    reader = threading.Thread(target=knowledge.get, args=("flange",))
    reader.start()
    assert slow.read.wait(10)
    with knowledge.changing("flange"):
        catalog.replace(replace(product(), display_name="new"))
    slow.go_on.set()
    reader.join(10)
    assert knowledge.get("flange").product.display_name == "new"


def test_while_the_store_is_away_what_is_known_goes_on_and_says_so(catalog: DiskCatalog, tmp_path: Path) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    assert knowledge.get("flange").confirmed
    with away(tmp_path):
        served = knowledge.get("flange")
        assert (served.pointer.active, served.confirmed, knowledge.reachable) == (1, False, False)


def test_while_the_store_is_away_an_unknown_product_is_refused_at_once(catalog: DiskCatalog, tmp_path: Path) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    with away(tmp_path):
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                knowledge.get("flange")


def test_when_the_store_is_back_what_it_says_is_used_again(catalog: DiskCatalog, tmp_path: Path) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    knowledge.get("flange")
    with away(tmp_path):
        assert not knowledge.get("flange").confirmed
    publish_next(catalog)
    deadline = time.monotonic() + 10 * PROBE_EVERY_S
    while not (served := knowledge.get("flange")).confirmed:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (served.pointer.active, knowledge.reachable) == (2, True)


def test_a_deleted_product_is_known_no_longer(catalog: DiskCatalog) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    knowledge.get("flange")
    catalog.delete("flange")
    with pytest.raises(ProductNotFound):
        knowledge.get("flange")
    assert knowledge.last_known("flange") is None


def test_a_product_that_cannot_be_read_leaves_the_others_alone(catalog: DiskCatalog, tmp_path: Path) -> None:
    catalog.create(product("gear"))
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    assert active(knowledge) == 1
    knowledge.get("gear")
    settings = tmp_path / "products" / "gear" / "product.json"
    settings.unlink()
    settings.mkdir()
    with pytest.raises(StorageUnavailable):
        knowledge.get("gear")
    publish_next(catalog)
    served = knowledge.get("flange")
    assert (served.pointer.active, served.confirmed, knowledge.reachable) == (2, True, True)


def test_a_store_that_knows_less_than_it_did_is_not_served(catalog: DiskCatalog, tmp_path: Path) -> None:
    older = (tmp_path / "products" / "flange" / "pointer.json").read_bytes()
    publish_next(catalog)
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    assert active(knowledge) == 2
    (tmp_path / "products" / "flange" / "pointer.json").write_bytes(older)
    for _ in range(2):
        with pytest.raises(StorageOutdated, match=r"bank version 2 .* restart the service"):
            knowledge.get("flange")


def test_while_the_store_is_away_nothing_is_begun_that_needs_it(catalog: DiskCatalog, tmp_path: Path) -> None:
    knowledge = ServingKnowledge(catalog, max_age_s=0)
    knowledge.require_reachable()
    with away(tmp_path):
        knowledge.probe()
        with pytest.raises(StorageUnavailable):
            knowledge.require_reachable()
