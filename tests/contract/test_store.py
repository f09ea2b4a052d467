import pytest

from app.errors import ConfigurationError
from app.storage.documents import StoreRecord
from app.storage.documents_json import encode
from app.storage.store import Catalog
from tests.contract.innards import Documents
from tests.storage.store_at import Kind, StoreAt


def test_a_new_store_is_empty_and_has_no_default_backbone(store_at: StoreAt) -> None:
    catalog = store_at.open().catalog
    assert catalog.default_backbone() is None
    assert catalog.product_ids() == []


def test_the_default_backbone_is_remembered(store_at: StoreAt) -> None:
    store_at.open().catalog.set_default_backbone("dinov2_vits14")
    assert store_at.open().catalog.default_backbone() == "dinov2_vits14"


def test_a_store_of_another_format_is_refused(store_at: StoreAt, documents: Documents) -> None:
    store_at.open()
    documents.record(encode(StoreRecord(format=2)))
    with pytest.raises(ConfigurationError, match="format 2, and this release reads format 1"):
        store_at.open()


@pytest.mark.parametrize("damage", [b"{", None])
@pytest.mark.parametrize("kind", ["disk", "redis"])
def test_a_lost_default_backbone_is_asked_for_and_never_guessed(
    kind: Kind, catalog: Catalog, documents: Documents, store_at: StoreAt, damage: bytes | None
) -> None:
    catalog.set_default_backbone("dinov2_vits14")
    documents.record(damage)
    reopened = store_at.open().catalog
    assert reopened.product_ids() == ["flange"]
    with pytest.raises(ConfigurationError, match="Set the backbone again"):
        reopened.default_backbone()
    reopened.set_default_backbone("dinov2_vits14")
    assert store_at.open().catalog.default_backbone() == "dinov2_vits14", kind
