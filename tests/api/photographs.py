"""Photographs drawn for tests, and files that only pretend to be one."""

import struct
import zlib

import cv2
import numpy as np


def photograph(seed: int = 0, *, width: int = 160, height: int = 128, suffix: str = ".png") -> bytes:
    """An encoded picture of smooth noise; another seed, another picture."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    picture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    encoded, data = cv2.imencode(suffix, picture)
    assert encoded
    return data.tobytes()


def odd_part() -> bytes:
    """Of finer grain than the others: it lies above any threshold that they set, and still shows the same."""
    noise = np.random.default_rng(7).integers(0, 256, (32, 40, 3)).astype(np.uint8)
    return cv2.imencode(".png", cv2.resize(noise, (160, 128), interpolation=cv2.INTER_NEAREST))[1].tobytes()


def huge_png(edge_px: int = 30_000) -> bytes:
    """A grey PNG of `edge_px` squared, all black, in about a thousandth of its pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    deflate = zlib.compressobj(9)
    line = bytes((edge_px + 7) // 8 + 1)
    packed = b"".join(deflate.compress(line) for _ in range(edge_px)) + deflate.flush()
    header = struct.pack(">IIBBBBB", edge_px, edge_px, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
