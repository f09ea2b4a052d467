"""What a new key may be called, and be for."""

import re
from collections.abc import Sequence

from app.errors import ConfigurationError
from app.keys.api_key import Scope
from app.storage.product_id import is_product_id

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_new_key(name: str, scopes: Sequence[Scope], products: Sequence[str]) -> None:
    """`products`: none, if it is for all of them. ConfigurationError: no key can be like this."""
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name. Use 1 to 64 letters, digits, dots, underscores or hyphens, a letter or digit first."
        )
    for product_id in products:
        if not is_product_id(product_id):
            raise ConfigurationError(f"{product_id!r} is no product id, so no product can have it. Check its spelling.")
    if not scopes:
        raise ConfigurationError("A key without a scope is for nothing. Give it one or more.")
    if Scope.METRICS in scopes and products:
        raise ConfigurationError(
            "The metrics are of all products together. Make a key of its own for them, without naming products."
        )
