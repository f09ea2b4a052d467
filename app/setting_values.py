"""What the values of some settings may be. ValueError says what they must be."""

import re
from urllib.parse import urlsplit

ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
REDIS_SCHEMES = ("redis", "rediss")
PATH_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
ENDPOINTS = frozenset(
    {
        "changes", "docs", "health", "inspections", "jobs", "metrics", "openapi.json", "parts", "products",
        "static-offline-docs", "ui", "v1", "version", "zero-shot",
    }
)  # fmt: skip
"""First segments of the paths that the API has."""


def origins(value: str | None) -> str | None:
    """Origins of web pages, separated by spaces, or `*`."""
    for origin in (value or "").split():
        if origin != "*" and not ORIGIN.fullmatch(origin):
            raise ValueError("an origin is scheme://host or scheme://host:port, in lower case, and ends there")
    return value


def path_prefix(value: str | None) -> str | None:
    """Segments of a path, each with a slash before it, that no path of the API begins with."""
    if not PATH_PREFIX.fullmatch(value or ""):
        raise ValueError("a prefix is written as /inspector or /shop/inspector, without a slash at its end")
    if value and value.split("/")[1] in ENDPOINTS:
        raise ValueError("this is the path of an endpoint and could not be told from it; choose another prefix")
    return value


def known_store(value: str | None) -> str | None:
    """A folder or a Redis, as a URL."""
    if value is None or is_redis(value):
        return value
    url = urlsplit(value)
    if url.scheme != "disk" or url.netloc or not url.path.startswith("/"):
        raise ValueError("only disk:///absolute/folder and redis://host:port/number are supported")
    return value


def redis_only(value: str | None) -> str | None:
    """A Redis, as a URL."""
    if value is not None and not is_redis(value):
        raise ValueError("only redis://host:port/number is supported")
    return value


def is_redis(url: str) -> bool:
    """Whether the URL names a Redis."""
    return urlsplit(url).scheme in REDIS_SCHEMES and bool(urlsplit(url).hostname)
