"""How far a place knows the changes of a product, or of the store: what tells a Redis that has lost some."""

from dataclasses import dataclass

from app.storage.documents import BankPointer, Product, StoreRecord
from app.storage.documents_json import intact


@dataclass(frozen=True, slots=True)
class Known:
    """The documents of a product in one place; None for one that is missing or damaged."""

    product: Product | None
    pointer: BankPointer | None

    def newer_settings(self, other: "Known | None") -> bool:
        """Whether the settings here are later than those there; not where either are lost."""
        if other is None:
            return self.product is not None
        return (
            self.product is not None
            and other.product is not None
            and (self.product.created_at, self.product.revision) > (other.product.created_at, other.product.revision)
        )

    def newer_banks(self, other: "Known | None") -> bool:
        """Whether the pointer here is later than the one there; not where either is lost."""
        if other is None:
            return self.pointer is not None
        if self._another_life(other):
            return self.newer_settings(other)
        return self.pointer is not None and other.pointer is not None and self.pointer.revision > other.pointer.revision

    def newer(self, other: "Known | None") -> bool:
        """Whether a change is known here that is not known there. `other` is None where there is no such product."""
        return self.newer_settings(other) or self.newer_banks(other)

    def same_life(self, other: "Known") -> bool:
        """Whether both are the same product, and not one that was deleted and another that got its id."""
        return (
            self.product is not None
            and other.product is not None
            and self.product.created_at == other.product.created_at
        )

    def _another_life(self, other: "Known") -> bool:
        return self.product is not None and other.product is not None and not self.same_life(other)


def newer_record(here: StoreRecord | None, there: StoreRecord | None) -> bool:
    """Whether a later default backbone is known here than there. None for a record that is missing or damaged."""
    if here is None or here.default_backbone is None:
        return False
    return there is None or there.default_backbone is None or here.revision > there.revision


def known_of(product: bytes | None, pointer: bytes | None) -> Known:
    """What stored documents tell."""
    return Known(
        None if product is None else intact(Product, product), None if pointer is None else intact(BankPointer, pointer)
    )
