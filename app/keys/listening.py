"""What a server must have before it listens where others reach it."""

import logging
from ipaddress import ip_address

from app.errors import ConfigurationError
from app.keys.key_file import KeyFile
from app.keys.key_ring import KeyRing
from app.settings import Settings

logger = logging.getLogger(__name__)


def check_listening(settings: Settings) -> None:
    """Refuse to listen beyond this machine without a key.

    Raises:
        ConfigurationError: there is none, or what KeyRing.of raises.
        StorageUnavailable: the file of keys cannot be read.
    """
    keys = KeyRing.of(settings)
    if is_loopback(settings.host) or keys.enforced:
        return
    if settings.auth == "off":
        logger.warning("INSPECTOR_AUTH is off: whoever reaches %s:%d may do everything", settings.host, settings.port)
        return
    raise ConfigurationError(
        f"{settings.host} can be reached from other machines, and there is no key to ask them for. Make one: inspector "
        f"keys create NAME --scope admin (it is noted in {KeyFile.of(settings).path}), or set INSPECTOR_ADMIN_KEY, "
        "best as a Docker secret. To let everyone in all the same: INSPECTOR_AUTH=off"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address: 127.0.0.0/8, ::1, localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
