"""Who sends a request, and what they may do."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from app.keys.api_key import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a key. `label` is how logs and answers call it; `products` are the ids it is for, None for all."""

    label: str
    scopes: frozenset[Scope]
    products: frozenset[str] | None = None

    def has_one_of(self, scopes: AbstractSet[Scope]) -> bool:
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(scopes)

    def may_use(self, product_id: str) -> bool:
        return self.products is None or product_id in self.products


ANYONE = Caller("-", frozenset({Scope.ADMIN}))
"""Whoever calls while no key is asked for."""
