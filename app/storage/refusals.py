"""The errors that every store raises, in the same words."""

from collections.abc import Iterable

from app.errors import (
    BankDamaged,
    BankNotFound,
    BlobDamaged,
    BlobMissing,
    ConfigurationError,
    Conflict,
    ProductDamaged,
    ProductNotFound,
    StaleRevision,
)
from app.storage.documents import BankPointer


def product_not_found(product_id: str) -> ProductNotFound:
    return ProductNotFound(f"There is no product {product_id!r}. Create it, or check the id.")


def product_exists(product_id: str) -> Conflict:
    return Conflict(f"Product {product_id!r} exists. Change it instead, or use another id.")


def differs_in_case(product_id: str, other: str) -> Conflict:
    return Conflict(f"Product {other!r} exists, and {product_id!r} differs from it only in case. Use another id.")


def product_damaged(product_id: str) -> ProductDamaged:
    return ProductDamaged(
        f"The settings of product {product_id!r} are lost; a damaged copy is kept in quarantine. Send the settings "
        "again: its references and banks are kept."
    )


def pointer_moved(product_id: str, pointer: BankPointer) -> StaleRevision:
    return StaleRevision(
        f"The bank of product {product_id!r} has changed meanwhile: version {pointer.active} serves, and "
        f"{pointer.latest} is the latest. Read it again and repeat the change."
    )


def bank_not_found(product_id: str, version: int, kept: Iterable[int]) -> BankNotFound:
    return BankNotFound(
        f"Product {product_id!r} has no bank version {version}. Kept versions: {_listed(kept) or 'none'}."
    )


def bank_removed(product_id: str, version: int) -> BankNotFound:
    return BankNotFound(f"Bank version {version} of product {product_id!r} was removed just now.")


def bank_damaged(product_id: str, version: int, kept: Iterable[int]) -> BankDamaged:
    others = _listed(sorted(set(kept) - {version}, reverse=True))
    advice = f"Activate one of the versions {others} instead, or rebuild the bank." if others else "Rebuild the bank."
    return BankDamaged(f"Bank version {version} of product {product_id!r} is damaged. {advice}")


def blob_missing(product_id: str, kind: str, digest: str) -> BlobMissing:
    return BlobMissing(
        f"Product {product_id!r} has no {digest!r} among its {kind}. Rebuild the bank, or add the reference again."
    )


def blob_damaged(product_id: str, kind: str, digest: str) -> BlobDamaged:
    return BlobDamaged(
        f"{digest!r} among the {kind} of product {product_id!r} is damaged; a damaged copy is kept in quarantine. "
        "Rebuild the bank, or add the reference again."
    )


def default_backbone_lost(place: str) -> ConfigurationError:
    return ConfigurationError(
        f"The record of the store at {place} is lost, and with it the name of its default backbone. Set the backbone "
        "again: inspector backbone set NAME. The bank versions tell which one made them."
    )


def other_format(place: str, found: int, known: int) -> ConfigurationError:
    return ConfigurationError(
        f"The store at {place} has format {found}, and this release reads format {known}. Run the release that wrote "
        "it."
    )


def _listed(versions: Iterable[int]) -> str:
    return ", ".join(map(str, versions))
