"""Documents as JSON bytes that carry their own checksum: `{"sha256":"…","body":{…}}`."""

import json
import re
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

_ENVELOPE = re.compile(rb'\{"sha256":"([0-9a-f]{64})","body":(.*)\}\n', re.DOTALL)
_adapters: dict[type[Any], TypeAdapter[Any]] = {}


class DocumentDamaged(Exception):
    """The bytes are not what was written. Storage catches it and says which product or bank is concerned."""


def encode(document: "DataclassInstance") -> bytes:
    """JSON of a dataclass. The checksum covers the bytes of the body as they stand. ValueError for NaN and infinity."""
    body = json.dumps(asdict(document), allow_nan=False, separators=(",", ":")).encode()
    return b'{"sha256":"%s","body":%s}\n' % (sha256(body).hexdigest().encode(), body)


def decode(kind: type[T], data: bytes) -> T:
    """The document in `data`; unknown keys are ignored.

    DocumentDamaged when the checksum does not fit. ConfigurationError when it does but the content is no `kind`:
    then another release wrote it, and it must stay where it is.
    """
    envelope = _ENVELOPE.fullmatch(data)
    if envelope is None or sha256(envelope[2]).hexdigest() != envelope[1].decode():
        raise DocumentDamaged
    try:
        return _adapter(kind).validate_python(json.loads(envelope[2]))
    except ValidationError as error:
        raise ConfigurationError(
            f"A stored {kind.__name__} was written by another release of this service ({error.error_count()} fields do "
            "not fit). Run the release that wrote it."
        ) from error


def intact(kind: type[T], data: bytes) -> T | None:
    """As `decode`, but None for damaged bytes."""
    try:
        return decode(kind, data)
    except DocumentDamaged:
        return None


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    # Building one takes longer than reading a document.
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
