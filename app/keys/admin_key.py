"""INSPECTOR_ADMIN_KEY: the first key, chosen by whoever deploys the service; two while it is changed."""

import re

from pydantic import SecretStr

from app.errors import ConfigurationError

MIN_LENGTH, MAX_KEYS = 32, 2

_SENDABLE = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""What a Bearer token may consist of (RFC 6750, 2.1)."""


def admin_keys(given: SecretStr | None) -> tuple[str, ...]:
    """The keys in the setting, one or two; none where it is unset.

    Raises:
        ConfigurationError: it holds no key, more than two, a short one, or one that no client can send. The message
            shows nothing of it.
    """
    if given is None:
        return ()
    keys = tuple(given.get_secret_value().split())
    if not 1 <= len(keys) <= MAX_KEYS:
        raise _refusal(f"holds {len(keys)} keys; it takes one, or two separated by a space while it is changed")
    if any(len(key) < MIN_LENGTH for key in keys):
        raise _refusal(f"holds a key of less than {MIN_LENGTH} characters")
    if not all(_SENDABLE.fullmatch(key) for key in keys):
        raise _refusal("holds characters other than letters, digits and . _ ~ + / = -")
    return keys


def _refusal(what: str) -> ConfigurationError:
    return ConfigurationError(f"INSPECTOR_ADMIN_KEY {what}. Make one, for instance: openssl rand -hex 32")
