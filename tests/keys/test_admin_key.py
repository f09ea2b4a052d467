"""INSPECTOR_ADMIN_KEY: what it may hold, and that nothing shows it."""

import pytest
from pydantic import SecretStr

from app.errors import ConfigurationError
from app.keys.admin_key import admin_keys

ONE, OTHER = "a" * 32, "B-._~+/=" * 5


def test_unset_it_holds_none() -> None:
    assert admin_keys(None) == ()


def test_it_holds_one_or_two() -> None:
    assert admin_keys(SecretStr(ONE)) == (ONE,)
    assert admin_keys(SecretStr(f" {ONE}\n{OTHER}\n")) == (ONE, OTHER)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "holds 0 keys"),
        (f"{ONE} {ONE} {OTHER}", "holds 3 keys"),
        ("q" * 31, "less than 32 characters"),
        (f"{ONE} short", "less than 32 characters"),
        ("ä" * 40, "characters other than"),
        ('"' * 40, "characters other than"),
    ],
)
def test_an_unfit_one_is_refused_without_showing_it(given: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as refused:
        admin_keys(SecretStr(given))
    assert "openssl rand" in refused.value.message
    assert not any(word in refused.value.message for word in given.split())
