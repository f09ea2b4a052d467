"""The products in Redis: their list, and the settings of each."""

from dataclasses import replace
from uuid import uuid4

from redis import Redis
from redis.client import Pipeline

from app.storage.compare_and_set import require_revision
from app.storage.documents import BankPointer, Product
from app.storage.documents_json import encode, intact
from app.storage.redis import keys
from app.storage.redis.connection import fetch_field, fetch_together, fetch_values, transaction
from app.storage.redis.quarantine import keep, quarantine
from app.storage.refusals import differs_in_case, product_damaged, product_exists, product_not_found


def list_products(client: Redis) -> list[str]:
    """The ids, sorted by code point."""
    return sorted(fetch_values(client, keys.PRODUCTS))


def read_product(client: Redis, product_id: str) -> Product:
    """ProductNotFound; ProductDamaged when its settings are lost."""
    birth, data = fetch_together(client, keys.birth(product_id), keys.product(product_id))
    if birth is not None and data is not None and intact(Product, data) is None:
        quarantine(client, keys.product(product_id), lambda found: found == data)
    return _product(product_id, birth, data)


def held_product(pipe: Pipeline, product_id: str) -> Product:
    """As `read_product`, in a transaction that watches the product; a damaged document stays where it is."""
    return _product(product_id, *fetch_together(pipe, keys.birth(product_id), keys.product(product_id)))


def add_product(client: Redis, product: Product) -> None:
    """Add a product, or give one that lost its settings these ones.

    Conflict when the id is taken, or differs only in case from one that is.
    """
    product_id, document, birth = product.product_id, encode(product), uuid4().hex
    field = keys.folded(product_id)

    def change(pipe: Pipeline, unanswered: bool) -> None:
        taken = fetch_field(pipe, keys.PRODUCTS, field)
        if taken is not None and taken.decode() != product_id:
            raise differs_in_case(product_id, taken.decode())
        born, held = fetch_together(pipe, keys.birth(product_id), keys.product(product_id))
        if unanswered and born == birth.encode():
            return
        if held is not None and intact(Product, held) is not None:
            raise product_exists(product_id)
        pipe.multi()
        if born is None:
            pipe.set(keys.birth(product_id), birth)
            pipe.hset(keys.PRODUCTS, field, product_id)
            pipe.set(keys.pointer(product_id), encode(BankPointer()))
        elif held is not None:
            keep(pipe, keys.product(product_id), held)
        pipe.set(keys.product(product_id), document)
        pipe.publish(keys.CHANGES, product_id)

    transaction(client, [keys.PRODUCTS, keys.birth(product_id), keys.product(product_id)], change)


def change_product(client: Redis, product: Product) -> Product:
    """Store the product with its revision counted up. StaleRevision; ProductNotFound; ProductDamaged."""
    product_id, changed = product.product_id, replace(product, revision=product.revision + 1)
    document = encode(changed)
    read_product(client, product_id)

    def change(pipe: Pipeline, unanswered: bool) -> Product:
        held = held_product(pipe, product_id)
        if not (unanswered and held == changed):
            require_revision(held, product)
            pipe.multi()
            pipe.set(keys.product(product_id), document)
            pipe.publish(keys.CHANGES, product_id)
        return changed

    return transaction(client, [keys.birth(product_id), keys.product(product_id)], change)


def delete_product(client: Redis, product_id: str) -> str:
    """Delete all documents of a product. Its birth, under which its blobs remain. ProductNotFound."""
    births: list[str] = []

    def change(pipe: Pipeline, unanswered: bool) -> str:
        [birth] = fetch_together(pipe, keys.birth(product_id))
        if birth is None:
            if unanswered and births:
                return births[-1]
            raise product_not_found(product_id)
        births.append(birth.decode())
        pipe.multi()
        pipe.delete(*(key(product_id) for key in (keys.birth, keys.product, keys.pointer, keys.banks)))
        pipe.hdel(keys.PRODUCTS, keys.folded(product_id))
        pipe.publish(keys.CHANGES, product_id)
        return births[-1]

    return transaction(client, [keys.birth(product_id)], change)


def _product(product_id: str, birth: bytes | None, data: bytes | None) -> Product:
    if birth is None:
        raise product_not_found(product_id)
    product = None if data is None else intact(Product, data)
    if product is None:
        raise product_damaged(product_id)
    return product
