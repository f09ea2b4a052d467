import json
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import Coreset, Near, Preprocessing
from app.errors import ConfigurationError
from app.storage.documents import BankManifest, BankPointer, CoresetRecord, MaskingRecord, Product
from app.storage.documents_json import DocumentDamaged, decode, encode
from tests.storage.samples import manifest, product, reference

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), _JSON), st.none() | st.text())
def test_a_product_is_read_as_it_was_written(metadata: dict[str, object], display_name: str | None) -> None:
    written = replace(product(), metadata=metadata, display_name=display_name)
    assert decode(Product, encode(written)) == written


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_the_numbers_of_a_manifest_come_back_to_the_last_bit(numbers: list[float]) -> None:
    entry = replace(reference(b"upload"), foreground_fractions=tuple(numbers))
    masking = MaskingRecord("1" * 64, MaskingVerdict(True, {str(n): n for n in numbers}), "2" * 64)
    written = replace(manifest(references=(entry, entry)), masking=masking)
    assert decode(BankManifest, encode(written)) == written


def test_a_bank_of_before_layers_and_methods_could_be_chosen_is_of_the_same_content() -> None:
    known = manifest(references=(reference(b"upload"),))
    assert known.content == "c9d51c78a933c5ff76554f9752e8bf3fed487164a46bdf4f3d19a52488f3dde4"
    assert replace(known, preprocessing=Preprocessing(672, "off", layers=(2,))).content != known.content
    assert replace(known, preprocessing=Preprocessing(672, "off", method="patchcore")).content != known.content
    assert replace(known, coreset=CoresetRecord(Coreset(rows=100), "0" * 64, 100)).content != known.content
    assert replace(known, search=Near(2)).content != known.content


def test_a_search_comes_back() -> None:
    for written in (replace(manifest(), search=Near(2)), manifest()):
        assert decode(BankManifest, encode(written)) == written


def test_a_manifest_that_names_no_method_and_no_coreset_is_one_of_anomalydino() -> None:
    told = json.loads(encode(manifest())[len(b'{"sha256":"","body":') + 64 : -2])
    del told["preprocessing"]["method"], told["coreset"], told["search"]
    body = json.dumps(told, separators=(",", ":")).encode()
    read = decode(BankManifest, b'{"sha256":"%s","body":%s}\n' % (sha256(body).hexdigest().encode(), body))
    assert (read.preprocessing.method, read.coreset, read.search) == ("anomalydino", None, "anywhere")


def test_damage_of_any_byte_is_noticed() -> None:
    written = encode(BankPointer(3, 4, 5))
    for position in range(len(written)):
        damaged = bytearray(written)
        damaged[position] ^= 1
        with pytest.raises(DocumentDamaged):
            decode(BankPointer, bytes(damaged))


def test_a_truncated_document_is_damaged() -> None:
    written = encode(BankPointer(3, 4, 5))
    for length in range(len(written)):
        with pytest.raises(DocumentDamaged):
            decode(BankPointer, written[:length])


def test_what_json_cannot_hold_is_refused_before_it_is_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(replace(product(), metadata={"ratio": float("nan")}))


def test_a_document_of_another_release_is_not_called_damaged() -> None:
    @dataclass(frozen=True)
    class OtherPointer:
        serving: int = 3
        latest: str = "newest"

    with pytest.raises(ConfigurationError, match="BankPointer was written by another release"):
        decode(BankPointer, encode(OtherPointer()))


def test_unknown_keys_are_ignored() -> None:
    @dataclass(frozen=True)
    class WiderPointer:
        active: int = 3
        latest: int = 4
        revision: int = 5
        moved_at: str = "2026-01-02T03:04:05Z"

    assert decode(BankPointer, encode(WiderPointer())) == BankPointer(3, 4, 5)
