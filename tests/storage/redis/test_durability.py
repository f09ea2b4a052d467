import logging
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.storage.redis.connection import connect
from app.storage.redis.durability import require_durable
from tests.redis_server import RedisServer


def _refusal(folder: Path, *options: str) -> str:
    """What is said of a Redis that was started with these options; empty when it is accepted."""
    server = RedisServer(folder, *options)
    server.start()
    try:
        require_durable(connect(server.url))
    except ConfigurationError as error:
        return error.message
    finally:
        server.stop()
    return ""


def test_a_durable_redis_is_accepted(redis_server: RedisServer) -> None:
    require_durable(connect(redis_server.url))


@pytest.mark.parametrize(
    ("name", "value", "required"),
    [
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
    ],
)
def test_a_redis_that_may_lose_data_is_refused(tmp_path: Path, name: str, value: str, required: str) -> None:
    message = _refusal(tmp_path, f"--{name}", value)
    assert f"{name} is '{value}' and must be '{required}'" in message
    assert f"(--{name} {required})" in message


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    message = _refusal(tmp_path, "--appendonly", "no", "--appendfsync", "no")
    assert "(appendonly yes; appendfsync always)" in message
    assert "maxmemory-policy" not in message


def test_where_config_is_forbidden_the_rest_is_checked_and_what_is_not_known_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forbidden = ("--rename-command", "CONFIG", "")
    assert "appendonly is 'no'" in _refusal(tmp_path / "a", *forbidden, "--appendonly", "no")
    assert "maxmemory-policy is 'allkeys-lru'" in _refusal(
        tmp_path / "b", *forbidden, "--maxmemory-policy", "allkeys-lru"
    )
    with caplog.at_level(logging.WARNING):
        assert _refusal(tmp_path / "c", *forbidden) == ""
    assert "does not tell its appendfsync; see to it that it is always" in caplog.text
