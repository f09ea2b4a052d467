"""Images out of request bodies: one raw body, or multipart/form-data. Everything stays in memory, nothing is spooled.

The body's size is bounded before (body_limits), and a form takes so many images and each text field once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from app.api.parsing.multipart import FormPart, form_parts, header_value
from app.engine.photograph.image_file import MEDIA_TYPES
from app.errors import InspectorError, InvalidRequest, TooManyImages, UnsupportedImageType
from app.service.uploads.checked_upload import Upload
from app.wording import counted

MAX_FIELD_BYTES = 16 * 1024
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
    excess = TooManyImages(f"More than {counted(limit, 'image')} in one request. Send them in several.", limit=limit)
    return (await _received(request, "images", limit, excess, frozenset())).images


async def _received(
    request: Request, name: str, limit: int, excess: InspectorError, text_fields: frozenset[str]
) -> ReceivedForm:
    media_type, boundary = _content_type(request)
    if media_type == "multipart/form-data":
        form = _Form(name, limit, excess, text_fields)
        return form.read(await request.body(), boundary)
    if media_type and not media_type.startswith(RAW_TYPES):
        raise UnsupportedImageType(
            f"A body of {media_type[:100]} holds no image. Send the image itself with its own "
            f"Content-Type (image/jpeg, image/png, …), or multipart/form-data with the field `{name}`."
        )
    data = await request.body()
    if not data:
        raise InvalidRequest(f"The body is empty. Send the image itself, or a form with the field `{name}`.")
    return ReceivedForm([Upload(data)])


def _content_type(request: Request) -> tuple[str, bytes]:
    """The media type of the body, empty where none is given, and the boundary of a form."""
    given = request.headers.getlist("content-type")
    if len(given) > 1:
        raise InvalidRequest("The request has the header Content-Type twice. Leave one out.")
    try:
        media_type, parameters = header_value(given[0] if given else "")
    except ValueError as error:
        raise InvalidRequest(f"{error} Let the HTTP client write the Content-Type.") from error
    boundary = parameters.get("boundary", "")
    if media_type == "multipart/form-data" and not boundary:
        raise InvalidRequest("The Content-Type names no boundary. Let the HTTP client write this header.")
    return media_type, boundary.encode("latin-1")


class _Form:
    """Takes the parts of one form, and refuses what has no place in it."""

    def __init__(self, name: str, limit: int, excess: InspectorError, text_fields: frozenset[str]) -> None:
        self._name, self._limit, self._excess, self._text_fields = name, limit, excess, text_fields
        self._received = ReceivedForm()

    def read(self, body: bytes, boundary: bytes) -> ReceivedForm:
        try:
            for part in form_parts(body, boundary):
                self._take(part)
        except ValueError as error:
            raise InvalidRequest(f"The form cannot be read. {error} Send it again.") from error
        if not self._received.images:
            raise InvalidRequest(f"The form has no field `{self._name}`. Put the image's file there.")
        return self._received

    def _take(self, part: FormPart) -> None:
        if part.name == self._name:
            if len(self._received.images) == self._limit:
                raise self._excess
            self._received.images.append(Upload(part.data, _base_name(part.filename)))
        elif part.name in self._text_fields:
            self._take_text(part)
        else:
            known = ", ".join(f"`{field}`" for field in (self._name, *sorted(self._text_fields)))
            raise InvalidRequest(f"Unknown form field `{part.name[:100]}`. Known: {known}.")

    def _take_text(self, part: FormPart) -> None:
        if part.name in self._received.fields or len(part.data) > MAX_FIELD_BYTES:
            raise InvalidRequest(f"The form field `{part.name}` is sent twice or is too long. Send it once, shorter.")
        try:
            self._received.fields[part.name] = part.text
        except ValueError as error:
            raise InvalidRequest(f"The form field `{part.name}`: {error}") from error


def _base_name(filename: str | None) -> str | None:
    """The file's name without the folders that some clients send along."""
    return (filename or "").replace("\\", "/").rpartition("/")[2][:MAX_FILENAME] or None


def image_request_body(
    name: str, *, many: bool = False, text_fields: Sequence[str] = (), raw: bool = True
) -> dict[str, Any]:
    """The OpenAPI description of a body that holds images: as form field `name`, or if `raw` as they are.

    Text fields are told in words, for they are parameters of the query too: as properties, /docs fills each one with
    `string`, or sends it empty.
    """
    binary = {"type": "string", "format": "binary"}
    images: dict[str, Any] = {"type": "array", "items": binary} if many else binary
    form = {"type": "object", "required": [name], "properties": {name: images}}
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if raw:
        content |= {kind: {"schema": binary} for kind in (*MEDIA_TYPES.values(), "application/octet-stream")}
    body: dict[str, Any] = {"required": True, "content": content}
    if text_fields:
        body["description"] = f"A form may also hold the fields {', '.join(f'`{each}`' for each in text_fields)}."
    return {"requestBody": body}
