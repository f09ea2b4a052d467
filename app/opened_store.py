"""The store that the settings name, opened."""

from app.settings import Settings
from app.storage.open import OpenStore, open_store


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


def redis_password(settings: Settings) -> str | None:
    return settings.redis_password.get_secret_value().strip() if settings.redis_password else None
