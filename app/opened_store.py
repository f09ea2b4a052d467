"""The store that the settings name, opened."""

import logging

from pydantic import SecretStr

from app.settings import Settings
from app.storage.open import OpenStore, open_store
from app.storage.pictures.pictures import Pictures
from app.storage.records.store import Records

logger = logging.getLogger(__name__)


def opened_store(settings: Settings) -> OpenStore:
    """The store that the settings name.

    Raises:
        ConfigurationError: another release wrote it, or Redis is not durable or does not accept the password.
        StorageUnavailable: it cannot be reached; StorageOutdated: Redis lacks the volume's default backbone.
    """
    return open_store(
        settings.store_dir,
        settings.redis_url,
        redis_password(settings),
        blobs_in_redis=settings.blobs_in_redis,
        require_durable=settings.redis_require_durable,
    )


def opened_records(settings: Settings) -> Records | None:
    """The records of inspections, where they are kept.

    Raises:
        ConfigurationError: the URL is none of PostgreSQL, another process has SQLite's folder, or a newer release has
            been here.
        StorageFull, StorageUnavailable: the folder cannot be used.
    """
    if settings.records == "off":
        return None
    return Records(
        settings.store_dir / "records",
        _secret(settings.records_url),
        _secret(settings.records_password),
        wait_s=settings.records_wait_ms / 1000,
        spool_bytes=settings.records_spool_bytes,
    )


def no_pictures(settings: Settings) -> str | None:
    """Why no pictures are kept, and what to do; None where they are."""
    if settings.records == "off":
        return "Pictures are kept with records only. Set INSPECTOR_RECORDS to on."
    if settings.blobs_in_redis and settings.pictures_dir is None:
        return "Redis keeps no pictures. Set INSPECTOR_PICTURES_DIR to a folder for them."
    return None


def opened_pictures(settings: Settings) -> Pictures | None:
    """The pictures of inspections, where they are kept."""
    if reason := no_pictures(settings):
        logger.info("no product's pictures are kept, whatever its keep_pictures: %s", reason)
        return None
    folder = settings.pictures_dir or settings.store_dir / "pictures"
    return Pictures(folder, settings.pictures_days, settings.pictures_bytes)


def redis_password(settings: Settings) -> str | None:
    return _secret(settings.redis_password)


def _secret(setting: SecretStr | None) -> str | None:
    return setting.get_secret_value().strip() if setting else None
