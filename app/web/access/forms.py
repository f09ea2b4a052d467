"""Forms: what a page sends, once it is known to be one of ours."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fastapi import Request

from app.api.parsing.multipart import form_parts, header_value
from app.api.parsing.text import visible_text
from app.errors import Forbidden, InvalidRequest
from app.service.uploads.checked_upload import Upload
from app.web.access.sessions import Session
from app.web.access.visitor import CSRF_FIELD, CSRF_HEADER

MOST_FIELDS = 200
NOT_OURS = "This form is not, or no longer, one of this session. Load the page again, and send it once more."


@dataclass(slots=True)
class Form:
    """`fields`: each once; `files`: those of all file fields, without those left empty."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """InvalidRequest where it is missing."""
        try:
            return self.fields[name]
        except KeyError:
            raise InvalidRequest(f"The form has no field {name}. Load the page again.") from None

    def get(self, name: str) -> str | None:
        """None where it is missing or empty."""
        return self.fields.get(name) or None


async def form_of(request: Request, session: Session) -> Form:
    """The form in the body of a request.

    Raises:
        Forbidden: it does not hold the token of its session (nor does a header).
        InvalidRequest: it cannot be read.
    """
    form = await read_form(request)
    in_form = form.fields.pop(CSRF_FIELD, "")
    given = request.headers.get(CSRF_HEADER) or in_form
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Forbidden(NOT_OURS)
    return form


async def read_form(request: Request) -> Form:
    """The form in the body, whoever sends it. InvalidRequest: it cannot be read."""
    return _read(await request.body(), request.headers)


def _read(body: bytes, headers: Mapping[str, str]) -> Form:
    try:
        media_type, parameters = header_value(headers.get("content-type", ""))
        if media_type == "multipart/form-data":
            return _of_parts(body, parameters.get("boundary", "").encode("latin-1"))
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise InvalidRequest(f"The form cannot be read. {error}") from error
    form = Form()
    for name, value in pairs:
        _take(form, name, value)
    return form


def _of_parts(body: bytes, boundary: bytes) -> Form:
    form = Form()
    for part in form_parts(body, boundary):
        if part.filename is None:
            _take(form, part.name, part.text)
        elif part.data:
            form.files.append(Upload(part.data, part.filename.replace("\\", "/").rpartition("/")[2][:255] or None))
    return form


def _take(form: Form, name: str, value: str) -> None:
    if name in form.fields:
        raise InvalidRequest(f"The form has the field {name[:100]} twice.")
    lines = value.splitlines() or [""]
    try:
        form.fields[name] = "\n".join(visible_text(line) for line in lines).strip()
    except ValueError as error:
        raise InvalidRequest(f"{name[:100]}: {error}") from error
