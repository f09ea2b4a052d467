"""The ids of products."""

import re

from app.errors import InvalidProductId

PRODUCT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_product_id(product_id: str) -> None:
    """Refuse an id that would not do as a folder name and a key. InvalidProductId."""
    if not PRODUCT_ID.fullmatch(product_id):
        raise InvalidProductId(
            f"{product_id[:80]!r} is not a product id. Use 1 to 64 letters, digits, '.', '_' and '-', "
            "a letter or digit first; a free name goes into display_name."
        )
