"""Files that are not whole, or hold more than one looks at: each of them must be refused."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from PIL import Image as PillowImage

from tests.engine.photograph.battery.awkward_file import AwkwardFile, drawn
from tests.engine.photograph.battery.tiff_files import COMPRESSIONS, PARTS
from tests.engine.photograph.battery.tiff_writer import JPEG, Page, tiff
from tests.engine.photograph.battery.writers import SIGNATURE, bmp, chunk, png, saved

SIZE = (160, 208)
SHARES = (0.3, 0.5, 0.8, 0.95)
END_OF_IMAGE = b"\xff\xd9"


def refused(kind: str, name: str, data: bytes) -> AwkwardFile:
    return AwkwardFile(kind, name, data, None)


def with_height(jpeg: bytes, factor: float) -> bytes:
    at = re.search(rb"\xff[\xc0-\xc2]\0", jpeg)
    assert at
    height = int(int.from_bytes(jpeg[at.start() + 5 : at.start() + 7], "big") * factor)
    return jpeg[: at.start() + 5] + height.to_bytes(2, "big") + jpeg[at.start() + 7 :]


def damaged_jpeg_files() -> Iterator[AwkwardFile]:
    picture, other = drawn(*SIZE), saved(drawn(120, 140), "JPEG", quality=95)
    texture = np.clip(picture + np.random.default_rng(4).normal(0, 9, picture.shape), 0, 255).astype(np.uint8)
    forms = {
        "baseline": saved(texture, "JPEG", quality=90),
        "progressive": saved(texture, "JPEG", quality=90, progressive=True),
        "grey": saved(texture[..., 0], "JPEG", quality=90),
        "restarts": saved(texture, "JPEG", quality=90, restart_marker_rows=1),
        "CMYK": saved(texture, "JPEG", "CMYK", quality=90),
    }
    for name, whole in forms.items():
        for share in SHARES:
            cut = whole[: int(len(whole) * share)]
            yield refused("JPEG", f"{name}, cut at {share}", cut)
            yield refused("JPEG", f"{name}, cut at {share}, end mark", cut + END_OF_IMAGE)
            yield refused("JPEG", f"{name}, cut at {share}, next picture", cut + other)
            yield refused("JPEG", f"{name}, cut at {share}, zeros", cut + bytes(len(whole) - len(cut)))
        half = len(whole) // 2
        yield refused("JPEG", f"{name}, 1460 bytes missing", whole[:half] + whole[half + 1460 :])
        yield refused("JPEG", f"{name}, 2048 bytes zeroed", whole[:half] + bytes(2048) + whole[half + 2048 :])
        yield refused("JPEG", f"{name}, height doubled", with_height(whole, 2))
        yield refused("JPEG", f"{name}, height halved", with_height(whole, 0.5))
        yield refused("JPEG", f"{name}, no end mark", whole[:-2])
        yield refused("JPEG", f"{name}, another picture after it", whole + bytes(20) + other)
    scans = [found.start() for found in re.finditer(rb"\xff\xda", forms["progressive"])]
    for lost, at in enumerate(scans[1:], 1):
        yield refused("JPEG", f"{lost} whole scans of many", forms["progressive"][:at] + END_OF_IMAGE)


def damaged_png_files() -> Iterator[AwkwardFile]:
    picture = drawn(*SIZE)
    for depth, samples in ((8, picture), (16, picture.astype(np.uint16) * 257)):
        for interlaced in (False, True):
            whole = png(samples, 2, depth, interlaced=interlaced)
            name = f"{depth} bits{', interlaced' * interlaced}"
            ends = [found.start() - 4 for found in re.finditer(b"IDAT|IEND", whole)]
            middle = len(ends) // 2
            without = whole[: ends[middle]] + whole[ends[middle + 1] :]
            yield refused("PNG", f"{name}, pixel data lost", without)
            yield refused("PNG", f"{name}, tail lost", whole[: ends[middle]] + whole[ends[-1] :])
            yield refused("PNG", f"{name}, end lost", whole[: ends[-1]])
            flipped = bytearray(whole)
            flipped[ends[middle] + 30] ^= 16
            yield refused("PNG", f"{name}, a bit turned", bytes(flipped))
            body = bytes(flipped[ends[middle] + 8 : ends[middle + 1] - 4])
            mended = bytes(flipped[: ends[middle]]) + chunk(b"IDAT", body) + bytes(flipped[ends[middle + 1] :])
            yield refused("PNG", f"{name}, a bit turned, checksum right", mended)
            for factor in (0.5, 2):
                head = struct.pack(">IIBBBBB", SIZE[1], int(SIZE[0] * factor), depth, 2, 0, 0, int(interlaced))
                yield refused("PNG", f"{name}, height times {factor}", SIGNATURE + chunk(b"IHDR", head) + whole[33:])
            for share in SHARES:
                yield refused("PNG", f"{name}, cut at {share}", whole[: int(len(whole) * share)])
    whole = png(picture, 2, 8)
    yield refused("PNG", "another picture after it", whole + whole)
    wrong = bytearray(png(picture, 2, 8, before=chunk(b"tEXt", b"Comment\0whole")))
    wrong[45] ^= 1
    yield refused("PNG", "damaged comment", bytes(wrong))
    yield refused("PNG", "unknown critical part", png(picture, 2, 8, before=chunk(b"QrSt", b"")))
    rows = b"".join(b"\7" + row.tobytes() for row in picture)
    head = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], 8, 2, 0, 0, 0)
    filtered = SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    yield refused("PNG", "unknown filter", filtered)
    frames = [PillowImage.fromarray(picture[::-1])]
    yield refused("PNG", "animation", saved(picture, "PNG", save_all=True, append_images=frames))


def damaged_bmp_files() -> Iterator[AwkwardFile]:
    picture = drawn(*SIZE)
    for name, whole in {
        "24 bits": bmp(picture, 24),
        "top down": bmp(picture, 24, top_down=True),
        "palette": bmp(picture[..., :1], 8, palette=drawn(16, 16).reshape(-1, 3)),
    }.items():
        for share in SHARES:
            yield refused("BMP", f"{name}, cut at {share}", whole[: int(len(whole) * share)])
        for factor in (0.5, 2):
            (height,) = struct.unpack_from("<i", whole, 22)
            other = whole[:22] + struct.pack("<i", int(height * factor)) + whole[26:]
            yield refused("BMP", f"{name}, height times {factor}", other)
        yield refused("BMP", f"{name}, width doubled", whole[:18] + struct.pack("<i", 2 * SIZE[1]) + whole[22:])
        yield refused("BMP", f"{name}, run lengths", whole[:30] + struct.pack("<I", 1) + whole[34:])
        yield refused("BMP", f"{name}, another picture after it", whole + whole)


def damaged_webp_files() -> Iterator[AwkwardFile]:
    picture = drawn(*SIZE)
    for name, whole in {
        "lossy": saved(picture, "WEBP", quality=90),
        "lossless": saved(picture, "WEBP", lossless=True),
        "alpha": saved(np.dstack([picture, picture[..., :1]]), "WEBP", quality=90),
    }.items():
        for share in SHARES:
            cut = whole[: int(len(whole) * share)]
            yield refused("WebP", f"{name}, cut at {share}", cut)
            length = struct.pack("<I", len(cut) - 8)
            yield refused("WebP", f"{name}, cut at {share}, length right", cut[:4] + length + cut[8:])
        yield refused("WebP", f"{name}, another picture after it", whole + whole)
    frames = [PillowImage.fromarray(picture[::-1])]
    yield refused("WebP", "animation", saved(picture, "WEBP", save_all=True, append_images=frames))


def damaged_tiff_files() -> Iterator[AwkwardFile]:
    samples = drawn(*SIZE)
    for packing, compression in {**COMPRESSIONS, "JPEG": JPEG}.items():
        for parts in ("one strip", "strips of 7", "tiles of 32x48"):
            tile, rows = PARTS[parts]
            page = Page(
                samples, compression=compression, tile=tile, rows_per_strip=16 if rows and compression == JPEG else rows
            )
            whole, name = tiff([page]), f"{packing}, {parts}"
            for share in SHARES:
                yield refused("TIFF", f"{name}, cut at {share}", whole[: int(len(whole) * share)])
            yield refused("TIFF", f"{name}, part shorter", _with_count(whole, lambda count: count * 2 // 3))
            yield refused("TIFF", f"{name}, part empty", _with_count(whole, lambda _: 0))
            yield refused("TIFF", f"{name}, height doubled", _with_height(whole, 2))
            if "deflate" in packing:
                zeroed = whole[:100] + bytes(60) + whole[160:]
                yield refused("TIFF", f"{name}, zeros", zeroed)
    big = Page(samples, tags=((254, 4, (0,)),))
    whole = tiff([big])
    yield refused("TIFF", "height halved", _with_height(whole, 0.5))
    loop = bytearray(whole)
    (start,) = struct.unpack_from("<I", loop, 4)
    (count,) = struct.unpack_from("<H", loop, start)
    for name, following in (("a directory that follows itself", start), ("a directory outside", len(loop) + 100)):
        struct.pack_into("<I", loop, start + 2 + 12 * count, following)
        yield refused("TIFF", name, bytes(loop))
    yield refused("TIFF", "a tag twice", tiff([replace(big, tags=((256, 4, (100,)),))]))


def _entry(whole: bytes, tags: set[int]) -> int:
    """Where the entry of one of these tags begins, in a little-endian file."""
    (start,) = struct.unpack_from("<I", whole, 4)
    (count,) = struct.unpack_from("<H", whole, start)
    return next(
        at for at in range(start + 2, start + 2 + 12 * count, 12) if struct.unpack_from("<H", whole, at)[0] in tags
    )


def _with_count(whole: bytes, change: Callable[[int], int]) -> bytes:
    """Another number of bytes for one of the parts."""
    changed = bytearray(whole)
    at = _entry(whole, {279, 325})
    (count,) = struct.unpack_from("<I", whole, at + 4)
    place = at + 8 if count == 1 else struct.unpack_from("<I", whole, at + 8)[0]
    struct.pack_into("<I", changed, place, change(struct.unpack_from("<I", whole, place)[0]))
    return bytes(changed)


def _with_height(whole: bytes, factor: float) -> bytes:
    changed = bytearray(whole)
    struct.pack_into("<I", changed, _entry(whole, {257}) + 8, int(SIZE[0] * factor))
    return bytes(changed)
