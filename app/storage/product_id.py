"""Which texts may become part of a path or of a key."""

import re

from app.errors import InvalidProductId

_PRODUCT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_product_id(text: str) -> bool:
    return _PRODUCT_ID.fullmatch(text) is not None


def checked_product_id(text: str) -> str:
    """The text itself. InvalidProductId for what must not become a path or a key."""
    if not is_product_id(text):
        raise InvalidProductId(
            f"{text[:80]!r} is no product id. Use 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or "
            "a digit; a free name goes into display_name."
        )
    return text
