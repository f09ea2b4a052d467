"""TIFF files that are whole, in all layouts; and those of which it is not clear what they show."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.engine.photograph.battery.awkward_file import AwkwardFile, drawn, shown, stored
from tests.engine.photograph.battery.tiff_writer import (
    CMYK,
    DEFLATE,
    GREY,
    JPEG,
    LZW,
    OLD_DEFLATE,
    PACK_BITS,
    PALETTE,
    PLAIN,
    RGB,
    WHITE_IS_ZERO,
    Page,
    tiff,
)
from tests.engine.photograph.battery.whole_files import ODD, ORIENTATIONS

COMPRESSIONS = {"plain": PLAIN, "LZW": LZW, "deflate": DEFLATE, "old deflate": OLD_DEFLATE, "PackBits": PACK_BITS}
PARTS: dict[str, tuple[tuple[int, int], int]] = {
    "one strip": ((0, 0), 0),
    "strips of 7": ((0, 0), 7),
    "tiles of 16": ((16, 16), 0),
    "tiles of 32x48": ((32, 48), 0),
    "one tile": ((128, 128), 0),
}


def deep(channels: int) -> NDArray[np.uint16]:
    """16 bits, all of which say something."""
    eight = drawn(*ODD, channels).astype(np.uint16)
    return np.asarray(eight << 8 | np.random.default_rng(2).integers(0, 256, eight.shape, np.uint16), np.uint16)


def layout_files() -> Iterator[AwkwardFile]:
    """Compression × strips or tiles × depth × planes, the byte order in turns."""
    number = 0
    for packing, compression in COMPRESSIONS.items():
        for parts, (tile, rows) in PARTS.items():
            for bits in (8, 16):
                for planar in (1, 2):
                    samples = drawn(*ODD) if bits == 8 else deep(3)
                    number += 1
                    page = Page(samples, RGB, bits, compression, 0, planar, tile, rows)
                    data = tiff([page], "<>"[number // 2 % 2], big=number % 3 == 0)
                    name = f"{packing}, {parts}, {bits} bits, planar {planar}"
                    yield AwkwardFile("TIFF", name, data, shown(samples, bits))


def predictor_files() -> Iterator[AwkwardFile]:
    for compression in (LZW, DEFLATE):
        for parts, (tile, rows) in PARTS.items():
            for bits, samples in ((8, drawn(*ODD)), (16, deep(3)), (16, deep(1))):
                for order in "<>":
                    page = Page(samples, RGB if samples.shape[2] == 3 else GREY, bits, compression, 2, 1, tile, rows)
                    name = f"predictor, {compression}, {parts}, {samples.shape[2]}×{bits} bits {order}"
                    yield AwkwardFile("TIFF", name, tiff([page], order), shown(samples, bits))


def jpeg_in_tiff_files() -> Iterator[AwkwardFile]:
    for parts, (tile, rows) in {**PARTS, "strips of 16": ((0, 0), 16)}.items():
        for photometric, channels in ((RGB, 3), (GREY, 1), (6, 3)):
            samples = drawn(*ODD, channels)
            page = Page(samples, photometric, 8, JPEG, tile=tile, rows_per_strip=rows)
            name = f"JPEG, {parts}, photometric {photometric}"
            yield AwkwardFile("TIFF", name, tiff([page]), shown(samples, 8), lossy=True)


def colour_files() -> Iterator[AwkwardFile]:
    """Grey of all depths, either way round; palettes; inks; alpha."""
    table = drawn(16, 16).reshape(-1, 3)
    for bits in (1, 2, 4, 8, 12, 16):
        grey = deep(1) >> (16 - bits) if bits > 8 else drawn(*ODD, 1) >> (8 - bits)
        for tile in ((0, 0), (16, 16)):
            for photometric in (GREY, WHITE_IS_ZERO):
                meant = grey if photometric == GREY else 2**bits - 1 - grey
                page = Page(grey, photometric, bits, tile=tile)
                name = f"photometric {photometric}, {bits} bits, tile {tile}"
                yield AwkwardFile("TIFF", name, tiff([page]), shown(meant, bits))
            if bits <= 8:
                colours = table[: 2**bits]
                tags = ((320, 3, tuple(int(value) * 257 for value in colours.T.ravel())),)
                page = Page(grey, PALETTE, bits, tile=tile, tags=tags)
                yield AwkwardFile("TIFF", f"palette of {bits} bits, tile {tile}", tiff([page]), colours[grey[..., 0]])
    inks = np.dstack([255 - drawn(*ODD), drawn(*ODD, 1) // 3])
    paper = 255 - inks.astype(int)
    meant = (paper[..., :3] * paper[..., 3:] // 255).astype(np.uint8)
    yield AwkwardFile("TIFF", "CMYK", tiff([Page(inks, CMYK)]), meant, 1)
    for channels, photometric in ((4, RGB), (2, GREY)):
        for alpha in (0, 1, 2):
            for bits, samples in ((8, drawn(*ODD, channels)), (16, deep(channels))):
                page = Page(samples, photometric, bits, DEFLATE, tags=((338, 3, (alpha,)),), tile=(32, 32))
                name = f"{channels} samples of {bits} bits, alpha {alpha}"
                yield AwkwardFile("TIFF", name, tiff([page]), shown(samples, bits))


def turned_tiff_files() -> Iterator[AwkwardFile]:
    upright = drawn(*ODD)
    xmp = b'<x tiff:Orientation="%d"/>'
    for turn in ORIENTATIONS:
        pixels = stored(upright, turn)
        for parts, (tile, rows) in PARTS.items():
            page = Page(pixels, compression=DEFLATE, tile=tile, rows_per_strip=rows, tags=((274, 3, (turn,)),))
            yield AwkwardFile("TIFF", f"orientation {turn}, {parts}", tiff([page]), upright)
        page = Page(pixels, tags=((700, 1, tuple(xmp % turn)),))
        yield AwkwardFile("TIFF", f"XMP {turn}", tiff([page]), upright)


def page_files() -> Iterator[AwkwardFile]:
    """With more than one picture in the file: the one of full size, or none."""
    full, small = drawn(*ODD), drawn(15, 20)
    thumbnail, photograph = Page(small, tags=((254, 4, (1,)),)), Page(full, tags=((254, 4, (0,)),))
    plain = Page(full)
    for big in (False, True):
        name = "big " * big
        first = tiff([thumbnail, photograph], big=big)
        yield AwkwardFile("TIFF", f"{name}thumbnail first", first, full, may_be_refused=True)
        yield AwkwardFile("TIFF", f"{name}thumbnail last", tiff([photograph, thumbnail], big=big), full)
        inside = tiff([thumbnail, photograph], big=big, sub_directories=True)
        yield AwkwardFile("TIFF", f"{name}photograph inside", inside, full)
        yield AwkwardFile("TIFF", f"{name}old subfile types", tiff([Page(small, tags=((255, 3, (2,)),)), plain]), full)
        yield AwkwardFile("TIFF", f"{name}only a thumbnail", tiff([thumbnail], big=big), None)
        yield AwkwardFile("TIFF", f"{name}two pages", tiff([plain, Page(full[::-1])], big=big), None)
        pages = [Page(full, tags=((254, 4, (2,)),)), Page(full[::-1], tags=((254, 4, (2,)),))]
        yield AwkwardFile("TIFF", f"{name}two numbered pages", tiff(pages, big=big), None)
        yield AwkwardFile("TIFF", f"{name}small page first", tiff([Page(small), plain], big=big), None)
        larger = tiff([Page(small, tags=((254, 4, (0,)),)), Page(full, tags=((254, 4, (1,)),))], big=big)
        yield AwkwardFile("TIFF", f"{name}the reduced one is larger", larger, None)


def unread_tiff_files() -> Iterator[AwkwardFile]:
    """Of kinds that libraries read in different ways."""
    floating = drawn(*ODD, 1).astype(np.float32) / 255
    whole = drawn(*ODD)
    for name, page in {
        "float": Page(floating, GREY, 32, tags=((339, 3, (3,)),)),
        "signed": Page(deep(1).astype(np.int16), GREY, 16, tags=((339, 3, (2,)),)),
        "32 bits": Page(deep(1).astype(np.uint32), GREY, 32),
        "YCbCr without JPEG": Page(whole, 6),
        "CIELab": Page(whole, 8),
        "colour filter array": Page(deep(1), 32803, 16),
        "six samples": Page(np.dstack([whole, whole]), RGB, tags=((338, 3, (0, 0, 0)),)),
        "near infrared beside alpha": Page(drawn(*ODD, 5), RGB, tags=((338, 3, (0, 2)),)),
        "fill order 2": Page(whole, tags=((266, 3, (2,)),)),
        "unknown compression": Page(whole, compression=50_000),
        "predictor without compression": Page(whole, predictor=2),
        "empty strips": Page(whole, tags=((339, 3, (1, 1, 4)),)),
    }.items():
        yield AwkwardFile("TIFF", name, tiff([page]), None)
