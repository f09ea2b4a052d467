"""Forms as clients write them, the ones that RFC 2046 allows and the ones that it does not."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.parsing.multipart import FormPart, form_parts, header_value

NAMED = b'Content-Disposition: form-data; name="a"; filename="a.png"\r\n'
PART = NAMED + b"\r\ndata\r\n"
WHOLE = b"--B\r\n" + PART + b"--B--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        WHOLE[:-2],
        b"\r\n" + WHOLE,
        b"This is a multi-part message in MIME format.\r\n" + WHOLE,
        b"a\r\n\r\nb --B\r\n" + WHOLE,
        WHOLE + b"text behind it\r\n",
        b"--B  \t\r\n" + PART + b"--B-- \t \r\n",
        WHOLE.replace(b"; filename", b";\r\n filename"),
        WHOLE.replace(b"Content-Disposition: form-data", b"CONTENT-DISPOSITION:form-data "),
    ],
)
def test_what_the_rfc_allows_is_read(body: bytes) -> None:
    assert list(form_parts(body, b"B")) == [FormPart("a", "a.png", b"data")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "boundary that the Content-Type names"),
        (b"text --B\r\n" + PART, "boundary that the Content-Type names"),
        (b"--B\r\n" + PART, "ends early"),
        (b"--B\r\n" + PART + b"--B-\r\n", "something else"),
        (b"--B\r\n" + PART + b"--Bx\r\n" + PART + b"--B--", "something else"),
        (WHOLE + WHOLE, "goes on behind"),
        (b"--B\r\n\r\ndata\r\n--B--", "no headers|no name"),
        (b"--B\r\n--B--", "no headers"),
        (b"--B\r\n" + NAMED + b"--B--", "no headers"),
        (WHOLE.replace(b'name="a"; ', b""), "no name"),
        (WHOLE.replace(b'name="a"', b'name="a"; name="b"'), "name twice"),
        (WHOLE.replace(NAMED, NAMED * 2), "header Content-Disposition twice"),
        (WHOLE.replace(b'"a.png"', b'"a.png'), "cannot be read"),
        (WHOLE.replace(b"a.png", b"\xe9.png"), "UTF-8"),
        (WHOLE.replace(b"a.png", b"\0.png"), "control character"),
        (WHOLE.replace(NAMED, NAMED + b"Content-Transfer-Encoding: uuencode\r\n"), "uuencode"),
        (WHOLE.replace(NAMED, NAMED + b"Content-Transfer-Encoding: base64\r\n").replace(b"data", b"da*a"), "base64"),
    ],
)
def test_anything_else_is_refused_and_told(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(form_parts(body, b"B"))


def test_encodings_of_mail_programs_are_undone() -> None:
    encoded = base64.encodebytes(bytes(range(256)))
    body = WHOLE.replace(NAMED, NAMED + b"Content-Transfer-Encoding: BASE64\r\n").replace(b"data", encoded)
    assert [part.data for part in form_parts(body, b"B")] == [bytes(range(256))]


@given(st.lists(st.binary().filter(lambda data: b"\r\n--boundary" not in b"\r\n" + data), max_size=4))
def test_any_data_comes_back_as_it_was_sent(sent: list[bytes]) -> None:
    parts = b"".join(b"--boundary\r\n" + NAMED + b"\r\n" + data + b"\r\n" for data in sent)
    if sent:
        assert [part.data for part in form_parts(parts + b"--boundary--", b"boundary")] == sent


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16"])
def test_a_text_in_another_encoding_is_none(charset: str) -> None:
    with pytest.raises(ValueError, match=charset):
        _ = FormPart("part_id", None, b"SN", charset).text


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ('form-data; name="a;b=c"; x="\\"q\\""', ("form-data", {"name": "a;b=c", "x": '"q"'})),
        ("Multipart/Form-Data ;boundary=B ;", ("multipart/form-data", {"boundary": "B"})),
        ("image/png", ("image/png", {})),
        ("form-data; name=a; filename*=UTF-8''b", ("form-data", {"name": "a", "filename*": "UTF-8''b"})),
    ],
)
def test_a_header_is_taken_apart(header: str, value: tuple[str, dict[str, str]]) -> None:
    assert header_value(header) == value
