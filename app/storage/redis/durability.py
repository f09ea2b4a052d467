"""Whether a Redis keeps what it has acknowledged."""

import logging

from redis import Redis
from redis.exceptions import ResponseError

from app.errors import ConfigurationError
from app.storage.redis.connection import address, explained

REQUIRED = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "always"}

logger = logging.getLogger(__name__)


def require_durable(client: Redis) -> None:
    """Refuse a Redis that may evict data or lose acknowledged writes; log what it does not tell.

    Raises:
        ConfigurationError: names what is set otherwise, and how to set it.
        StorageUnavailable.
    """
    with explained(client):
        found = _configured(client)
    wrong = {name: value for name, value in found.items() if value != REQUIRED[name]}
    if wrong:
        raise ConfigurationError(
            f"Redis at {address(client)} may lose what was registered: "
            + ", ".join(f"{name} is {value!r} and must be {REQUIRED[name]!r}" for name, value in wrong.items())
            + ". Set it in redis.conf ("
            + "; ".join(f"{name} {REQUIRED[name]}" for name in wrong)
            + ") or on its command line ("
            + " ".join(f"--{name} {REQUIRED[name]}" for name in wrong)
            + "), and start Redis again. INSPECTOR_REDIS_REQUIRE_DURABLE=false accepts it as it is."
        )
    for name in REQUIRED.keys() - found.keys():
        logger.warning(
            "Redis at %s does not tell its %s; see to it that it is %s", address(client), name, REQUIRED[name]
        )


def _configured(client: Redis) -> dict[str, str]:
    """What Redis tells of the required settings. Where CONFIG is forbidden, INFO tells all but appendfsync."""
    try:
        configured = client.config_get(*REQUIRED)
        return {name: str(configured[name]) for name in REQUIRED if name in configured}
    except ResponseError:
        memory, persistence = client.info("memory"), client.info("persistence")
        told = {"maxmemory-policy": memory.get("maxmemory_policy"), "appendonly": persistence.get("aof_enabled")}
        shown = {name: {"0": "no", "1": "yes"}.get(str(value), str(value)) for name, value in told.items()}
        return {name: value for name, value in shown.items() if told[name] is not None}
