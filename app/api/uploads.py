"""Images out of request bodies: one raw body, or multipart/form-data. Everything stays in memory, nothing is spooled.

The body's size is bounded before (body_limits), so a form needs no limit of its own but the number of its parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_options_header
from starlette.requests import Request

from app.engine.photograph.image_file import MEDIA_TYPES
from app.errors import InspectorError, InvalidRequest, TooManyImages, UnsupportedImageType
from app.service.uploads.checked_upload import Upload

MAX_FIELDS = 16
MAX_FIELD_BYTES = 4096
MAX_FILENAME = 255
RAW_TYPES = ("image/", "application/octet-stream")


@dataclass(slots=True)
class ReceivedForm:
    """The images and the text fields of one request body."""

    images: list[Upload] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def one_image(request: Request, text_fields: frozenset[str]) -> tuple[Upload, dict[str, str]]:
    """The only image of the body (form field `image`), and the form's text fields, which `text_fields` allows."""
    excess = InvalidRequest("One image per inspection: the form has two or more. Send one request per image.")
    form = await _received(request, "image", 1, excess, text_fields)
    return form.images[0], form.fields


async def many_images(request: Request, limit: int) -> list[Upload]:
    """The images of the body: form fields `images`, or the raw body."""
    excess = TooManyImages(f"More than {limit} images in one request. Send them in several.", limit=limit)
    return (await _received(request, "images", limit, excess, frozenset())).images


async def _received(
    request: Request, name: str, limit: int, excess: InspectorError, text_fields: frozenset[str]
) -> ReceivedForm:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type == b"multipart/form-data":
        return await _multipart(request, _Form(name, limit, excess, text_fields), options.get(b"boundary"))
    if media_type and not media_type.decode("latin-1").startswith(RAW_TYPES):
        raise UnsupportedImageType(
            f"A body of {media_type.decode('latin-1')[:100]} holds no image. Send the image itself with its own "
            f"Content-Type (image/jpeg, image/png, …), or multipart/form-data with the field `{name}`."
        )
    data = await request.body()
    if not data:
        raise InvalidRequest(f"The body is empty. Send the image itself, or a form with the field `{name}`.")
    return ReceivedForm([Upload(data)])


async def _multipart(request: Request, form: "_Form", boundary: bytes | None) -> ReceivedForm:
    if not boundary:
        raise InvalidRequest("The Content-Type names no boundary. Let the HTTP client write this header.")
    try:
        parser = FormParser(
            "multipart/form-data", form.on_field, form.on_file, form.on_end, boundary, config=form.parser_config
        )
        async for chunk in request.stream():
            parser.write(chunk)
    except FormParserError as error:
        raise InvalidRequest(f"The form cannot be read: {error}. Send it again.") from error
    return form.finished()


class _Form:
    """Takes the parts of one form as they are complete, and refuses what has no place in it."""

    parser_config: dict[Any, Any] = {"MAX_MEMORY_FILE_SIZE": float("inf")}  # noqa: RUF012

    def __init__(self, name: str, limit: int, excess: InspectorError, text_fields: frozenset[str]) -> None:
        self._name, self._limit, self._excess, self._text_fields = name, limit, excess, text_fields
        self._received = ReceivedForm()
        self._ended = False

    def on_file(self, part: File) -> None:
        part.file_object.seek(0)
        filename = _text(part.file_name or b"", "filename").replace("\\", "/").rpartition("/")[2][:MAX_FILENAME]
        self._take(_text(part.field_name or b"", "name"), part.file_object.read(), filename or None)

    def on_field(self, part: Field) -> None:
        self._take(_text(part.field_name or b"", "name"), part.value or b"", None)

    def on_end(self) -> None:
        self._ended = True

    def _take(self, name: str, data: bytes, filename: str | None) -> None:
        if name == self._name:
            if len(self._received.images) == self._limit:
                raise self._excess
            self._received.images.append(Upload(data, filename))
            return
        if name not in self._text_fields:
            known = ", ".join(f"`{field}`" for field in (self._name, *sorted(self._text_fields)))
            raise InvalidRequest(f"Unknown form field `{name[:100]}`. Known: {known}.")
        if name in self._received.fields or len(data) > MAX_FIELD_BYTES or len(self._received.fields) >= MAX_FIELDS:
            raise InvalidRequest(f"The form field `{name}` is sent twice or is too long. Send it once, shorter.")
        self._received.fields[name] = _text(data, name)

    def finished(self) -> ReceivedForm:
        if not self._ended:
            raise InvalidRequest("The form ends early: its closing boundary is missing. Send it again, whole.")
        if not self._received.images:
            raise InvalidRequest(f"The form has no field `{self._name}`. Put the image's file there.")
        return self._received


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The form's `{name}` is no UTF-8 text. Send it as UTF-8.") from error


def image_request_body(
    name: str, *, many: bool = False, text_fields: Sequence[str] = (), raw: bool = True
) -> dict[str, Any]:
    """The OpenAPI description of a body that holds images: as form field `name`, or if `raw` as they are."""
    binary = {"type": "string", "format": "binary"}
    images: dict[str, Any] = {"type": "array", "items": binary} if many else binary
    form = {
        "type": "object",
        "required": [name],
        "properties": {name: images} | {field: {"type": "string", "maxLength": 200} for field in text_fields},
    }
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if raw:
        content |= {kind: {"schema": binary} for kind in (*MEDIA_TYPES.values(), "application/octet-stream")}
    return {"requestBody": {"required": True, "content": content}}
