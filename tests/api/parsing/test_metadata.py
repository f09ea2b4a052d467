import json

import pytest

from app.api.parsing.metadata import LARGEST_INTEGER, metadata_text
from app.errors import TooMuchAsked


def test_a_map_comes_in_one_form() -> None:
    given = ' {"rework": false, "order": "Größe 4", "layer": -3, "torque": 1.50} '
    assert metadata_text(given) == '{"layer":-3,"order":"Größe 4","rework":false,"torque":1.5}'
    assert metadata_text(metadata_text(given)) == metadata_text(given)
    assert metadata_text("{}") == "{}"


@pytest.mark.parametrize(
    "given",
    [
        "", "order", "[]", '"text"', "1", "null", '{"a": 1', '{"a": null}', '{"a": []}', '{"a": {"b": 1}}',
        '{"a": 1, "a": 1}', '{"a": NaN}', '{"a": 1e999}', '{"a": -Infinity}', '{"a": "x\\u0000"}', '{"a": "\\ud800"}',
        '{"a\\n": 1}', f'{{"a": {LARGEST_INTEGER + 1}}}', '[' * 4000,
    ],
)  # fmt: skip
def test_what_is_no_map_of_plain_values_is_told(given: str) -> None:
    with pytest.raises(ValueError, match=r"(Send|Leave)"):
        metadata_text(given)


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({f"key {number}": number for number in range(33)}, 32),
        ({"k" * 65: 1}, 64),
        ({"order": "x" * 201}, 200),
        ({f"key {number}": "ß" * 100 for number in range(20)}, 4096),
    ],
)
def test_more_than_a_record_takes_is_told_with_the_limit(given: dict[str, object], limit: int) -> None:
    with pytest.raises(TooMuchAsked) as told:
        metadata_text(json.dumps(given, ensure_ascii=False))
    assert told.value.limit == limit


def test_as_much_as_a_record_takes_is_taken() -> None:
    given = {f"{number:064}": number for number in range(31)} | {"order": "x" * 200}
    assert json.loads(metadata_text(json.dumps(given))) == given
