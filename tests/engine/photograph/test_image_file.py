"""Photographs of every kind come out as 8-bit RGB; everything else is refused for what it is."""

import io
import itertools
import struct
import subprocess
import sys
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from app.engine.options import BitDepth
from app.engine.photograph.image_file import decode_image
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


def tiff(samples: NDArray[np.unsignedinteger], *, alpha: int, orientation: int = 1, big: bool = False) -> bytes:
    """An uncompressed TIFF of H×W×(2 or 4) whose last channel is alpha: 1 associated, 2 unassociated, 0 unnamed."""
    height, width, channels = samples.shape
    head, count, entry, place = (16, "<Q", "<HHQQ", "<Q") if big else (8, "<H", "<HHII", "<I")
    bits = 8 * samples.itemsize
    bits_at = head + samples.nbytes
    directory_at = bits_at + 8
    inline = big or channels == 2
    packed_bits = sum(bits << 16 * channel for channel in range(channels))
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, packed_bits if inline else bits_at),
        (259, 3, 1, 1), (262, 3, 1, 1 if channels == 2 else 2), (273, 4, 1, head), (274, 3, 1, orientation),
        (277, 3, 1, channels), (278, 3, 1, height), (279, 4, 1, samples.nbytes), (338, 3, 1, alpha),
    ]  # fmt: skip
    start = (
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory_at) if big else struct.pack("<2sHI", b"II", 42, directory_at)
    )
    directory = struct.pack(count, len(entries)) + b"".join(struct.pack(entry, *each) for each in entries)
    return start + samples.tobytes() + struct.pack("<4H", *[bits] * 4) + directory + struct.pack(place, 0)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("alpha", [0, 1, 2])
@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
def test_the_alpha_of_a_tiff_is_dropped(depth: type[np.unsignedinteger], channels: int, alpha: int, big: bool) -> None:
    full = int(np.iinfo(depth).max)
    samples = np.full((20, 30, channels), 200 * full // 255, depth)
    samples[:, :, -1] = 128 * full // 255
    pixels = decode_image(tiff(samples, alpha=alpha, big=big), LIMIT).pixels
    np.testing.assert_array_equal(pixels, np.full((20, 30, 3), 200, np.uint8))


def test_a_tiff_with_alpha_as_pillow_writes_it_keeps_its_colours() -> None:
    with_alpha = PillowImage.fromarray(np.dstack([SMOOTH, SMOOTH[:, :, :1]]))
    pixels = decode_image(encoded(with_alpha, "TIFF", compression="tiff_lzw", exif=TURNED_BY_EXIF), LIMIT).pixels
    np.testing.assert_array_equal(pixels, np.rot90(SMOOTH, -1))


def test_the_orientation_of_a_tiff_with_alpha_is_applied() -> None:
    samples = np.dstack([SMOOTH, SMOOTH[:, :, :1]])
    np.testing.assert_array_equal(
        decode_image(tiff(samples, alpha=2, orientation=6), LIMIT).pixels, np.rot90(SMOOTH, -1)
    )


@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
def test_a_tiff_with_too_many_pixels_is_refused_by_its_directory(big: bool) -> None:
    data = tiff(np.zeros((60, 80, 4), np.uint8), alpha=2, big=big)
    with pytest.raises(ImageTooLarge, match="80x60 = 4800"):
        decode_image(data, 4_799)
    assert decode_image(data, 4_800).pixels.shape == (60, 80, 3)


def test_a_damaged_tiff_directory_is_refused_and_nothing_else_happens() -> None:
    whole = tiff(np.full((6, 8, 4), 200, np.uint8), alpha=2)
    directory_at = len(whole) - 138
    for position, value in itertools.product([*range(8), *range(directory_at, len(whole))], (0, 1, 2, 127, 255)):
        damaged = bytearray(whole)
        damaged[position] = value
        with suppress(InvalidRequest):
            assert decode_image(bytes(damaged), LIMIT).pixels.shape[2] == 3


def test_what_pillow_finds_odd_in_a_header_warns_nobody() -> None:
    """In a process of its own: the tests' own filters come before those of the program."""
    # A JPEG that claims to hold several pictures, and does not.
    picture = encoded(PICTURE, "JPEG")
    odd = picture[:2] + b"\xff\xe2" + struct.pack(">H", 18) + b"MPF\0" + b"II*\0\x08\0\0\0\0\0" + b"\0\0" + picture[2:]
    program = (
        "import sys; from app.engine.photograph.image_file import decode_image; "
        "decode_image(sys.stdin.buffer.read(), 10**6)"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], input=odd, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")


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
        (encoded(PICTURE, "TIFF")[:60], ImageTruncated),
        (encoded(PICTURE, "PNG")[:8] + b"not a chunk at all" * 20 + b"IEND", ImageUndecodable),
        (encoded(PillowImage.fromarray(SMOOTH[:, :, 0].astype(np.float32)), "TIFF"), ImageUndecodable),
        (huge_png(), ImageTooLarge),
    ],
    ids=[
        "empty",
        "text",
        "gif",
        "cut-jpeg",
        "cut-head",
        "cut-png",
        "cut-webp",
        "cut-bmp",
        "cut-tiff",
        "damaged",
        "float",
        "bomb",
    ],
)
def test_what_is_no_photograph_is_refused_for_what_it_is(data: bytes, error: type[InspectorError]) -> None:
    with pytest.raises(error) as refused:
        decode_image(data, LIMIT)
    assert type(refused.value) is error


DEEP = SMOOTH[:, :, ::-1].astype(np.uint16) * 16 + 9


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("depth", ["auto", 12])
def test_twelve_bits_in_a_file_of_sixteen_keep_all_their_grey_levels(suffix: str, depth: BitDepth) -> None:
    decoded = decode_image(cv2.imencode(suffix, DEEP)[1].tobytes(), LIMIT, depth)
    np.testing.assert_array_equal(decoded.pixels, SMOOTH)
    assert (decoded.bits, decoded.exceeds) == (16, False)


def test_what_exceeds_the_bit_depth_is_clipped_and_told() -> None:
    decoded = decode_image(cv2.imencode(".png", DEEP)[1].tobytes(), LIMIT, 10)
    assert decoded.exceeds
    np.testing.assert_array_equal(decoded.pixels, np.minimum(SMOOTH.astype(int) * 4 + 2, 255))


@pytest.mark.parametrize("depth", ["auto", 8, 12, 16])
def test_files_of_eight_bits_have_no_other_depth(depth: BitDepth) -> None:
    decoded = decode_image(encoded(PICTURE, "PNG"), LIMIT, depth)
    np.testing.assert_array_equal(decoded.pixels, SMOOTH)
    assert (decoded.used_bits, decoded.exceeds) == (None, False)
