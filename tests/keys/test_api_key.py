"""What a key looks like."""

import base64
import re

import pytest

from app.keys.api_key import digest, key_id, new_key


def test_a_key_holds_its_id_and_256_random_bits() -> None:
    key, named = new_key()
    shape = re.fullmatch(r"insp_([0-9a-f]{8})_([A-Za-z0-9_-]{43})", key)
    assert shape is not None
    assert shape[1] == named == key_id(key)
    assert len(base64.urlsafe_b64decode(shape[2] + "=")) == 32


def test_no_two_keys_are_alike() -> None:
    assert len({new_key()[0].split("_", 2)[2] for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["", "insp_", "insp_12345678_short", "INSP_12345678_" + "a" * 43, "x" * 64])
def test_what_does_not_look_like_a_key_names_none(text: str) -> None:
    assert key_id(text) is None


def test_the_digest_covers_the_whole_key() -> None:
    key, _ = new_key()
    assert len({digest(key), digest(key[:-1]), digest(key.replace("insp", "Insp"))}) == 3
