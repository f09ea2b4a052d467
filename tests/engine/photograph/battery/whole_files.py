"""Files that are whole: unusual, but right. Most must be read; some may be refused."""

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import simplejpeg

from tests.engine.photograph.battery.awkward_file import AwkwardFile, drawn, shown, stored
from tests.engine.photograph.battery.writers import bmp, chunk, png, saved

ORIENTATIONS = range(1, 9)
ODD = (61, 83)
"""No multiple of a tile, a block of JPEG or a byte's worth of samples."""


def exif(orientation: int, order: str = "<") -> bytes:
    """A block as cameras write it, without its head."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)


def xmp(orientation: int) -> bytes:
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


def raw_profile(orientation: int, kind: bytes) -> bytes:
    """The EXIF block as ImageMagick writes it into a PNG file: hexadecimal digits in a text."""
    block = b"Exif\0\0" + exif(orientation)
    text = b"\nexif\n%8d\n%s\n" % (len(block), block.hex().encode())
    keyword = b"Raw profile type exif\0"
    return chunk(b"zTXt", keyword + b"\0" + zlib.compress(text)) if kind == b"zTXt" else chunk(b"tEXt", keyword + text)


def turned_files() -> Iterator[AwkwardFile]:
    """All orientations, in all places where they are told; as the lossy kinds keep them, to the bit."""
    upright = drawn(*ODD)
    for turn in ORIENTATIONS:
        pixels = stored(upright, turn)
        for order, name in (("<", "little"), (">", "big")):
            block = b"Exif\0\0" + exif(turn, order)
            yield AwkwardFile(
                "JPEG", f"EXIF {turn} {name}", saved(pixels, "JPEG", exif=block, quality=95), upright, lossy=True
            )
            yield AwkwardFile("PNG", f"eXIf {turn} {name}", png(pixels, 2, 8, after=chunk(b"eXIf", block[6:])), upright)
            yield AwkwardFile(
                "WebP", f"EXIF {turn} {name}", saved(pixels, "WEBP", lossless=True, exif=block[6:]), upright
            )
        for form in (b"tEXt", b"zTXt"):
            profile = raw_profile(turn, form)
            yield AwkwardFile("PNG", f"raw profile {turn} {form.decode()}", png(pixels, 2, 8, before=profile), upright)
        packet = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(turn))
        yield AwkwardFile("PNG", f"XMP {turn}", png(pixels, 2, 8, before=packet), upright)
        yield AwkwardFile("WebP", f"XMP {turn}", saved(pixels, "WEBP", lossless=True, xmp=xmp(turn)), upright)
        yield AwkwardFile("JPEG", f"XMP {turn}", saved(pixels, "JPEG", xmp=xmp(turn), quality=95), upright, lossy=True)


def jpeg_files() -> Iterator[AwkwardFile]:
    for size in (ODD, (64, 64), (16, 120)):
        picture, grey = drawn(*size), drawn(*size, 1)
        shape = f"{size[1]}x{size[0]}"
        for subsampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
            for progressive in (False, True):
                name = f"{shape} {subsampling}{' progressive' * progressive}"
                data = saved(picture, "JPEG", subsampling=subsampling, progressive=progressive, quality=95)
                yield AwkwardFile("JPEG", name, data, picture, lossy=True)
        yield AwkwardFile("JPEG", f"{shape} grey", saved(grey[..., 0], "JPEG", quality=95), shown(grey, 8), lossy=True)
        yield AwkwardFile(
            "JPEG", f"{shape} RGB", saved(picture, "JPEG", keep_rgb=True, quality=95), picture, lossy=True
        )
        inks = saved(picture, "JPEG", "CMYK", quality=95)
        yield AwkwardFile("JPEG", f"{shape} CMYK", inks, picture, 1, lossy=True)
        restarts = saved(picture, "JPEG", restart_marker_blocks=3, quality=95)
        yield AwkwardFile("JPEG", f"{shape} restarts", restarts, picture, lossy=True)
    whole = saved(drawn(*ODD), "JPEG", quality=95)
    pages = whole[:2] + b"\xff\xe2" + struct.pack(">H", 6) + b"MPF\0" + whole[2:]
    trailers = {
        "zeros": whole + bytes(700),
        "film": whole + b"\0\0\0\x18ftypmp42" + bytes(range(256)),
        "MPF": pages + whole,
    }
    for name, data in trailers.items():
        yield AwkwardFile("JPEG", f"followed by {name}", data, drawn(*ODD), lossy=True)
    fill = whole[:2] + b"\xff\xff\xff" + whole[2:]
    yield AwkwardFile("JPEG", "fill bytes before a marker", fill, drawn(*ODD), lossy=True)
    yield AwkwardFile(
        "JPEG", "4:4:0", simplejpeg.encode_jpeg(drawn(*ODD), 95, colorsubsampling="440"), drawn(*ODD), lossy=True
    )


def png_files() -> Iterator[AwkwardFile]:
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 4: (8, 16), 6: (8, 16)}
    for size in (ODD, (5, 130), (64, 64)):
        for colour, channels in ((0, 1), (2, 3), (4, 2), (6, 4)):
            for depth in depths[colour]:
                samples = drawn(*size, channels).astype(np.uint16) * 257 >> (16 - depth)
                samples = samples if depth == 16 else samples.astype(np.uint8)
                for interlaced in (False, True):
                    name = f"{size[1]}x{size[0]} colour type {colour}, {depth} bits{', interlaced' * interlaced}"
                    data = png(samples, colour, depth, interlaced=interlaced)
                    yield AwkwardFile("PNG", name, data, shown(samples, depth))
    table = drawn(16, 16).reshape(-1, 3)
    for depth in (1, 2, 4, 8):
        places = drawn(*ODD, 1) >> (8 - depth)
        palette = chunk(b"PLTE", table[: 2**depth].tobytes())
        for alpha in (b"", chunk(b"tRNS", bytes(range(2**depth)))):
            data = png(places, 3, depth, before=palette + alpha)
            yield AwkwardFile(
                "PNG", f"palette of {depth} bits{', transparent' * bool(alpha)}", data, table[places[..., 0]]
            )
    gamma = png(drawn(*ODD), 2, 8, before=chunk(b"gAMA", struct.pack(">I", 100_000)))
    yield AwkwardFile("PNG", "gamma", gamma, drawn(*ODD))


def bmp_files() -> Iterator[AwkwardFile]:
    table = drawn(16, 16).reshape(-1, 3)
    for size in (ODD, (40, 64)):
        picture = drawn(*size)
        shape = f"{size[1]}x{size[0]}"
        for bits in (1, 4, 8):
            places = drawn(*size, 1) >> (8 - bits)
            for os2 in (False, True):
                data = bmp(places, bits, palette=table[: 2**bits], os2=os2)
                yield AwkwardFile("BMP", f"{shape} palette of {bits} bits{' OS/2' * os2}", data, table[places[..., 0]])
        reverse = picture[..., ::-1]
        for top_down in (False, True):
            name = f"{shape}{' top down' * top_down}"
            yield AwkwardFile("BMP", f"{name} 24 bits", bmp(reverse, 24, top_down=top_down), picture)
            four = np.dstack([reverse, picture[..., :1]])
            yield AwkwardFile("BMP", f"{name} 32 bits", bmp(four, 32, top_down=top_down), picture)
        yield AwkwardFile("BMP", f"{shape} gap", bmp(reverse, 24, gap=10), picture)
        red, green, blue = (picture[..., at].astype(np.uint16) >> 3 for at in range(3))
        yield AwkwardFile("BMP", f"{shape} 555", bmp((red << 10 | green << 5 | blue)[..., None], 16), picture, 8)
        masks = (0xF800, 0x07E0, 0x001F)
        wide = red << 11 | picture[..., 1].astype(np.uint16) >> 2 << 5 | blue
        yield AwkwardFile("BMP", f"{shape} 565", bmp(wide[..., None], 16, masks=masks), picture, 8)
        swapped = bmp(np.dstack([picture, picture[..., :1]]), 32, masks=(0xFF, 0xFF00, 0xFF0000))
        yield AwkwardFile("BMP", f"{shape} masks of 32 bits", swapped, picture, may_be_refused=True)


def webp_files() -> Iterator[AwkwardFile]:
    for size in (ODD, (64, 64), (17, 120)):
        picture = drawn(*size)
        shape = f"{size[1]}x{size[0]}"
        with_alpha = np.dstack([picture, picture[..., :1] | 1])
        yield AwkwardFile("WebP", f"{shape} lossless", saved(picture, "WEBP", lossless=True), picture)
        yield AwkwardFile("WebP", f"{shape} lossy", saved(picture, "WEBP", quality=95), picture, lossy=True)
        yield AwkwardFile("WebP", f"{shape} lossless with alpha", saved(with_alpha, "WEBP", lossless=True), picture)
        yield AwkwardFile(
            "WebP", f"{shape} lossy with alpha", saved(with_alpha, "WEBP", quality=95), picture, lossy=True
        )
        by_opencv = cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
        yield AwkwardFile("WebP", f"{shape} by OpenCV", by_opencv, picture)
