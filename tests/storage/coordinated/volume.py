"""What a volume and Redis hold of each other."""

from pathlib import Path

from app.storage.coordinated import CoordinatedCatalog
from app.storage.disk.bank_history import all_versions
from app.storage.disk.layout import StoreLayout
from app.storage.open import open_store
from app.storage.redis.connection import connect
from app.storage.redis.product_state import read_manifests, read_state

Copy = dict[str, bytes]


def coordinated(root: Path, url: str) -> CoordinatedCatalog:
    catalog = open_store(root, url, patience_s=10).catalog
    assert isinstance(catalog, CoordinatedCatalog)
    return catalog


def on_volume(root: Path, product_id: str = "flange") -> Copy:
    """The documents of a product on the volume."""
    layout = StoreLayout(root)
    paths = [layout.product(product_id), layout.pointer(product_id)]
    paths += [layout.bank(product_id, version) for version in all_versions(layout, product_id)]
    return {path.name: path.read_bytes() for path in paths if path.exists()}


def in_redis(url: str, product_id: str = "flange") -> Copy:
    """The same documents in Redis, under the names that they have on the volume."""
    client = connect(url)
    state = read_state(client, product_id)
    if state is None:
        return {}
    manifests = read_manifests(client, product_id, sorted(state.versions))
    documents = {"product.json": state.product, "pointer.json": state.pointer}
    documents |= {f"{version:08d}.json": data for version, data in manifests.items()}
    return {name: data for name, data in documents.items() if data is not None}
