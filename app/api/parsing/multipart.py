"""Forms as RFC 2046 (5.1.1) and RFC 7578 write them, out of a body that is in memory."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.api.parsing.text import utf8_text, visible_text

LINE_END = b"\r\n"
MAX_HEADER_BYTES = 8192
END_OF_DELIMITER = re.compile(rb"(--)?[ \t]*(?=\r\n|\Z)")
PARAMETER = re.compile(r'\s*;\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*')
UTF8_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of a form. `filename` is None where none is given."""

    name: str
    filename: str | None
    data: bytes
    charset: str = "utf-8"

    @property
    def text(self) -> str:
        """The data as text. ValueError where it is no UTF-8, or said to be none, or holds what cannot be seen."""
        if self.charset not in UTF8_CHARSETS:
            raise ValueError(f"This is sent as {self.charset}. Send it as UTF-8.")
        return visible_text(utf8_text(self.data))


def header_value(header: str) -> tuple[str, dict[str, str]]:
    """The value of a header in lower case, and its parameters. ValueError where one is given twice or is cut short."""
    value, _, _ = header.partition(";")
    parameters: dict[str, str] = {}
    position = len(value)
    while position < len(header):
        found = PARAMETER.match(header, position)
        if found is None:
            # A last semicolon is no harm; anything else would be passed over.
            if header[position:].strip(" \t;"):
                raise ValueError(f"The header {header[:100]!r} cannot be read.")
            break
        name, given = found[1].lower(), found[2]
        if name in parameters:
            raise ValueError(f"The header {header[:100]!r} gives {name} twice.")
        parameters[name] = re.sub(r'\\(["\\])', r"\1", given[1:-1]) if given.startswith('"') else given
        position = found.end()
    return value.strip().lower(), parameters


def form_parts(body: bytes, boundary: bytes) -> Iterator[FormPart]:
    """The parts of a form, one by one. What stands before the first delimiter and behind the last one is no part.

    Raises:
        ValueError: the form is cut short, or not laid out as it must be; says what is wrong.
    """
    delimiter = b"--" + boundary
    start = 0 if body.startswith(delimiter) else body.find(LINE_END + delimiter)
    if start < 0:
        raise ValueError("The boundary that the Content-Type names is not in it, so its parts are not either.")
    while not (end := _end_of_delimiter(body, start, delimiter))[1]:
        following = body.find(LINE_END + delimiter, end[0])
        if following < 0:
            raise ValueError("It ends early: its closing boundary is missing.")
        yield _part(body, end[0] + len(LINE_END), following)
        start = following
    if body.find(LINE_END + delimiter, end[0]) >= 0:
        raise ValueError("It goes on behind its closing boundary.")


def _end_of_delimiter(body: bytes, start: int, delimiter: bytes) -> tuple[int, bool]:
    """Where the line of a delimiter ends, and whether it closes the form. RFC 2046: no other line begins as it does."""
    behind = start + len(delimiter) + (0 if body.startswith(delimiter, start) else len(LINE_END))
    found = END_OF_DELIMITER.match(body, behind)
    if found is None:
        raise ValueError("A line begins with the boundary and goes on with something else.")
    return found.end(), found[1] is not None


def _part(body: bytes, start: int, end: int) -> FormPart:
    headers_end = body.find(LINE_END * 2, start, min(end, start + MAX_HEADER_BYTES))
    if headers_end < 0:
        raise ValueError("A part has no headers, or has no empty line behind them.")
    headers = _headers(utf8_text(body[start:headers_end]))
    _, disposition = header_value(headers.get("content-disposition", ""))
    if "name" not in disposition:
        raise ValueError("A part has no name in its header Content-Disposition.")
    _, content_type = header_value(headers.get("content-type", ""))
    encoding = headers.get("content-transfer-encoding", "binary").strip().lower()
    return FormPart(
        name=visible_text(disposition["name"]),
        filename=visible_text(disposition["filename"]) if "filename" in disposition else None,
        data=_decoded(body[headers_end + 2 * len(LINE_END) : end], encoding),
        charset=content_type.get("charset", "utf-8").lower(),
    )


def _headers(block: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in re.sub(r"\r\n[ \t]+", " ", block).split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() in headers:
            raise ValueError(f"A part has the header {name[:100]} twice.")
        headers[name.lower()] = value.strip()
    return headers


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding in ("binary", "8bit", "7bit"):
        return data
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding != "base64":
        raise ValueError(f"A part has the unknown Content-Transfer-Encoding {encoding[:100]!r}.")
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        raise ValueError("A part is said to be base64 and is not.") from None
