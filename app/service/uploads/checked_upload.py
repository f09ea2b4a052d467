"""Uploads, looked at before anything is done with them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, TypeVar

from app.engine.hygiene import Photograph, photograph
from app.engine.options import BitDepth, Preprocessing
from app.engine.photograph.appearance import Appearance
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import geometry
from app.engine.types import Geometry, Size
from app.errors import InvalidRequest, TooManyImages
from app.service.clock import now


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file as it came."""

    data: bytes
    filename: str | None = None


Refused = TypeVar("Refused", bound=InvalidRequest)


class UploadFacts(TypedDict):
    """What the documents of a reference and of a calibration image have in common."""

    sha256: str
    filename: str | None
    media_type: str
    width: int
    height: int
    size_bytes: int
    added_at: str
    appearance: Appearance
    used_bits: int | None


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """What is known of an upload once it was decoded; the pixels are dropped, many large images would not fit."""

    upload: Upload
    sha256: str
    media_type: str
    geometry: Geometry
    photograph: Photograph

    @property
    def facts(self) -> UploadFacts:
        """What is kept of it, whatever it is kept for; it was added now."""
        return UploadFacts(
            sha256=self.sha256,
            filename=self.upload.filename,
            media_type=self.media_type,
            width=self.geometry.original.width,
            height=self.geometry.original.height,
            size_bytes=len(self.upload.data),
            added_at=now(),
            appearance=self.photograph.appearance,
            used_bits=self.photograph.used_bits,
        )


def require_images(uploads: Sequence[Upload], limit: int) -> None:
    """InvalidRequest for none, TooManyImages for more than `limit`."""
    if not uploads:
        raise InvalidRequest("No image was sent. Send one photograph as the body, or several as form fields `images`.")
    if len(uploads) > limit:
        raise TooManyImages(
            f"{len(uploads)} images were sent; at most {limit} are accepted at a time. Send them in several requests.",
            limit=limit,
        )


def checked_upload(
    upload: Upload,
    place: int,
    *,
    max_pixels: int,
    preprocessing: Preprocessing,
    patch_size: int,
    depth: BitDepth = "auto",
) -> CheckedUpload:
    """Decode the upload at `place` (from 0) of its request, and see that it can be preprocessed.

    Raises:
        InvalidRequest and what is below it: it cannot be read, or is too small or too large; the message names it.
    """
    try:
        decoded = decode_image(upload.data, max_pixels, depth)
        original = Size(*decoded.pixels.shape[:2])
        sizes = geometry(original, preprocessing.smaller_edge, patch_size, preprocessing.fit)
    except InvalidRequest as error:
        raise _named(error, upload, place) from error
    return CheckedUpload(
        upload,
        hashlib.sha256(upload.data).hexdigest(),
        decoded.media_type,
        sizes,
        photograph(decoded.pixels, decoded.bits, decoded.used_bits),
    )


def _named(error: Refused, upload: Upload, place: int) -> Refused:
    return type(error)(f"Image {place + 1} ({upload.filename or 'unnamed'}): {error.message}", limit=error.limit)
