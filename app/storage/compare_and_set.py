"""What a change makes of the documents that are held, and when it is refused: the same rules in every store.

The caller sees to it that the held documents stay as they are until the change is written: by a lock, or by WATCH.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.errors import ProductNotFound, StaleRevision
from app.storage.documents import BankManifest, BankPointer, Product, StoreRecord
from app.storage.documents_json import DocumentDamaged
from app.storage.refusals import bank_damaged, bank_not_found, pointer_moved
from app.storage.store import BankHistory


def require_revision(held: Product, product: Product) -> None:
    """StaleRevision unless the revision of `product` is the held one."""
    if held.revision != product.revision:
        raise StaleRevision(
            f"Product {product.product_id!r} is at revision {held.revision}, not {product.revision}. Read it again and "
            "repeat the change."
        )


def require_pointer(product_id: str, held: BankPointer, expected: BankPointer) -> None:
    """StaleRevision unless the pointer is `expected`."""
    if held != expected:
        raise pointer_moved(product_id, held)


def require_publishable(
    product_id: str,
    held: BankPointer,
    expected: BankPointer,
    made_for: Product | None,
    read_product: Callable[[], Product],
) -> None:
    """StaleRevision unless the pointer is `expected` and the product still the one that the bank was made for, where
    one is named; ProductNotFound if it is another one by now; what `read_product` raises."""
    if made_for:
        _require_unchanged(read_product(), made_for)
    require_pointer(product_id, held, expected)


def _require_unchanged(held: Product, made_for: Product) -> None:
    if held.created_at != made_for.created_at:
        raise ProductNotFound(f"Product {made_for.product_id!r} was deleted meanwhile. Register its references again.")
    if held.revision != made_for.revision:
        raise StaleRevision(f"Product {made_for.product_id!r} was changed meanwhile.")


def to_default(name: str, held: StoreRecord | None) -> StoreRecord:
    """The record once `name` is the default backbone; None stands for a lost one."""
    return StoreRecord(default_backbone=name, revision=held.revision + 1 if held else 1)


def to_published(manifest: BankManifest, expected: BankPointer, *, serves: bool) -> BankPointer:
    """The pointer once the manifest is published. ValueError unless its version follows `expected.latest`."""
    if manifest.version != expected.latest + 1:
        raise ValueError(f"version {manifest.version} does not follow {expected.latest}")
    active = manifest.version if serves else expected.active
    return BankPointer(active, manifest.version, expected.revision + 1)


def to_activated(version: int, expected: BankPointer) -> BankPointer:
    """The pointer once a kept version is activated."""
    return replace(expected, active=version, revision=expected.revision + 1)


def to_recovered(versions: Sequence[int]) -> BankPointer:
    """The pointer in place of a lost one, where these versions were found.

    To guess which one served would change verdicts silently, so none serves until one is chosen.
    """
    latest = max(versions, default=0)
    return BankPointer(active=None, latest=latest, revision=latest)


def surplus(versions: Sequence[int], keep_versions: int, active: int | None) -> list[int]:
    """The oldest versions beyond `keep_versions` (at least 1; ValueError), without the active one."""
    if keep_versions < 1:
        raise ValueError(f"keep_versions must be at least 1, not {keep_versions}")
    return [version for version in versions[:-keep_versions] if version != active]


def kept_manifest(
    history: BankHistory, product_id: str, version: int, read: Callable[[], BankManifest | None]
) -> BankManifest:
    """The manifest that `read` finds, if the version was published.

    `read` gives None for an absent manifest and raises DocumentDamaged. ProductNotFound; BankNotFound; BankDamaged,
    also when the active version is absent.
    """
    latest = history.pointer(product_id).latest
    try:
        manifest = read() if version <= latest else None
    except DocumentDamaged:
        raise bank_damaged(product_id, version, history.versions(product_id)) from None
    if manifest is not None:
        return manifest
    # Read again: the version may have ceased to serve, and have been pruned, a moment ago.
    if version == history.pointer(product_id).active:
        raise bank_damaged(product_id, version, history.versions(product_id))
    raise bank_not_found(product_id, version, history.versions(product_id))
