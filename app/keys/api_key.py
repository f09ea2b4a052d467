"""API keys: what a caller shows, and what is kept of it.

A key is `insp_<8 hex digits>_<43 characters>`: an id, which is no secret, and 256 random bits. Of these only the
SHA-256 is kept: a slow hash protects what can be guessed, and this cannot.
"""

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import StringConstraints

SECRET_BYTES, ID_BYTES = 32, 4

_KEY = re.compile(r"insp_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a key is for. `admin` includes the others; `register` may read what `inspect` may read; `feedback` may read
    what was inspected, say what the parts are, and nothing else; `metrics` is for who watches the service, and sees no
    product."""

    INSPECT = "inspect"
    REGISTER = "register"
    FEEDBACK = "feedback"
    METRICS = "metrics"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key. `products`: the ids it is for, None for all. `sha256`: of the whole key, in hex."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    products: tuple[str, ...] | None
    created_at: str
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def new_key() -> tuple[str, str]:
    """A new key, and its id."""
    key_id = secrets.token_hex(ID_BYTES)
    return f"insp_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}", key_id


def key_id(key: str) -> str | None:
    """The id that a key names; None for what does not look like a key of ours."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def digest(key: str) -> bytes:
    """SHA-256 of a key."""
    return sha256(key.encode()).digest()
