"""Bringing Redis up to what the volume knows: after a loss, and when a disk store begins to be coordinated."""

import logging
from dataclasses import dataclass

from app.errors import Conflict, ProductNotFound
from app.storage.disk import DiskCatalog
from app.storage.disk.bank_history import list_versions, read_held_pointer
from app.storage.disk.durable import read_if_present
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock, store_lock
from app.storage.disk.store import read_record
from app.storage.documents import BankManifest, Product
from app.storage.documents_json import encode, intact
from app.storage.redis import RedisCatalog
from app.storage.redis.product_state import bring_back
from app.storage.redis.store import bring_back_record

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was done: products by id, and the default backbone where Redis had an older one or none.

    `current` ones were in Redis as the volume has them, or newer. `refused` maps an id to the reason.
    """

    brought_back: tuple[str, ...]
    current: tuple[str, ...]
    refused: dict[str, str]
    default_backbone: str | None


def recover(disk: DiskCatalog, redis: RedisCatalog) -> Recovery:
    """Bring every product and the default backbone from the volume to Redis, where Redis has older ones or none.

    Redis never goes backwards. May run again, and while services run. StorageFull, StorageUnavailable.
    """
    brought_back: list[str] = []
    current: list[str] = []
    refused: dict[str, str] = {}
    for product_id in disk.product_ids():
        try:
            (brought_back if _recover_product(disk.layout, redis, product_id) else current).append(product_id)
        except ProductNotFound:
            logger.info("product %s was deleted meanwhile", product_id)
        except Conflict as error:
            refused[product_id] = error.message
    return Recovery(tuple(brought_back), tuple(current), refused, _recover_default(disk, redis))


def _recover_product(layout: StoreLayout, redis: RedisCatalog, product_id: str) -> bool:
    # Held so that no other process deletes the product, or brings the copy further, meanwhile.
    with product_lock(layout, product_id):
        settings, pointer_file = (read_if_present(place(product_id)) for place in (layout.product, layout.pointer))
        if settings is None and pointer_file is None:
            # Left by a creation or a deletion that was cut short: not a product.
            return False
        pointer = read_held_pointer(layout, product_id)
        if settings is not None and intact(Product, settings) is None:
            settings = None
        manifests = {
            version: read_if_present(layout.bank(product_id, version))
            for version in list_versions(layout, product_id, pointer.latest)
        }
        whole = {
            version: data
            for version, data in manifests.items()
            if data is not None and intact(BankManifest, data) is not None
        }
        for version in manifests.keys() - whole.keys():
            logger.error("bank version %d of product %s is damaged on the volume and stays there", version, product_id)
        return bring_back(redis.client, product_id, settings, encode(pointer), whole)


def _recover_default(disk: DiskCatalog, redis: RedisCatalog) -> str | None:
    """The name that was brought to Redis, if any."""
    with store_lock(disk.layout):
        record = read_record(disk.layout)
    return record.default_backbone if record and bring_back_record(redis.client, record) else None
