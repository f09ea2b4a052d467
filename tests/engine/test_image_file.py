"""Photographs of every kind come out as 8-bit RGB; everything else is refused for what it is."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from app.engine.image_file import decode_image
from app.errors import (
    ImageTooLarge,
    ImageTruncated,
    ImageUndecodable,
    InspectorError,
    InvalidRequest,
    UnsupportedImageType,
)
from tests.api.photographs import huge_png

LIMIT = 10_000_000
SMOOTH = cv2.resize(np.random.default_rng(3).integers(0, 255, (6, 8, 3), np.uint8), (80, 60))
PICTURE = PillowImage.fromarray(SMOOTH)
TURNED_BY_EXIF = PillowImage.Exif()
TURNED_BY_EXIF[0x0112] = 6


def encoded(picture: PillowImage.Image, kind: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, kind, **options)
    return sink.getvalue()


def sixteen_bits(suffix: str) -> bytes:
    return cv2.imencode(suffix, SMOOTH[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (encoded(PICTURE, "PNG"), "image/png"),
        (encoded(PICTURE, "JPEG", quality=95), "image/jpeg"),
        (encoded(PICTURE, "JPEG", quality=95, progressive=True), "image/jpeg"),
        (encoded(PICTURE.convert("CMYK"), "JPEG", quality=95), "image/jpeg"),
        (encoded(PICTURE, "BMP"), "image/bmp"),
        (encoded(PICTURE, "TIFF", compression="tiff_lzw"), "image/tiff"),
        (encoded(PICTURE, "WEBP", lossless=True), "image/webp"),
        (encoded(PillowImage.fromarray(np.dstack([SMOOTH, SMOOTH[:, :, :1]])), "PNG"), "image/png"),
        (sixteen_bits(".png"), "image/png"),
        (sixteen_bits(".tiff"), "image/tiff"),
    ],
    ids=["png", "jpeg", "progressive", "cmyk", "bmp", "tiff", "webp", "alpha", "png-16-bit", "tiff-16-bit"],
)
def test_every_kind_of_photograph_comes_out_as_rgb(data: bytes, media_type: str) -> None:
    decoded = decode_image(data, LIMIT)
    assert (decoded.media_type, decoded.pixels.shape) == (media_type, (60, 80, 3))
    assert np.abs(decoded.pixels.astype(int) - SMOOTH).mean() < 4


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_is_replicated_and_its_alpha_dropped(mode: str) -> None:
    grey = PICTURE.convert("L")
    picture = grey if mode == "L" else PillowImage.merge("LA", [grey, PillowImage.new("L", grey.size, 7)])
    pixels = decode_image(encoded(picture, "PNG"), LIMIT).pixels
    np.testing.assert_array_equal(pixels, np.repeat(np.asarray(grey)[:, :, None], 3, axis=2))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_exif_orientation_is_applied(kind: str) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode_image(encoded(PICTURE, kind, exif=TURNED_BY_EXIF, **lossless), LIMIT).pixels
    assert pixels.shape == (80, 60, 3)
    assert np.abs(pixels.astype(int) - np.rot90(SMOOTH, -1)).mean() < 6


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InvalidRequest),
        (b"hello, this is text", UnsupportedImageType),
        (encoded(PICTURE, "GIF"), UnsupportedImageType),
        (encoded(PICTURE, "JPEG")[:-200], ImageTruncated),
        (encoded(PICTURE, "JPEG")[:50], ImageTruncated),
        (encoded(PICTURE, "PNG")[:-100], ImageTruncated),
        (encoded(PICTURE, "WEBP")[:-100], ImageTruncated),
        (encoded(PICTURE, "BMP")[:-100], ImageTruncated),
        (encoded(PICTURE, "PNG")[:8] + b"not a chunk at all" * 20 + b"IEND", ImageUndecodable),
        (encoded(PillowImage.fromarray(SMOOTH[:, :, 0].astype(np.float32)), "TIFF"), ImageUndecodable),
        (huge_png(), ImageTooLarge),
    ],
    ids=["empty", "text", "gif", "cut-jpeg", "cut-head", "cut-png", "cut-webp", "cut-bmp", "damaged", "float", "bomb"],
)
def test_what_is_no_photograph_is_refused_for_what_it_is(data: bytes, error: type[InspectorError]) -> None:
    with pytest.raises(error) as refused:
        decode_image(data, LIMIT)
    assert type(refused.value) is error
