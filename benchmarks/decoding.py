"""What does it cost to read photographs strictly, and what damage does it still not see?

    python -m benchmarks.decoding DATA_ROOT [--objects …]

DATA_ROOT is laid out as MVTec-AD. Time: one good photograph of each object at 1024×1024, in each format; the service's
decoder and OpenCV's, in turns, the median of the ratios of 60 pairs. Damage: up to 20 good photographs of each object
as JPEG of quality 90, from each of which a run of bytes is taken out, zeroed or set to 255 at 5 random places of the
scan: the share that is still accepted.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from app.engine.photograph.image_file import decode_image
from app.engine.types import Image
from app.errors import ImageUndecodable
from app.evaluate.dataset import load_object, read_image
from benchmarks.machine import measured_with, say

PAIRS = 60
PLACES = 5
PHOTOGRAPHS = 20
RUNS = (512, 1460, 4096)
SIDE = 1024
MAX_PIXELS = 10**8
FORMATS: dict[str, tuple[str, list[int]]] = {
    "JPEG": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90]),
    "JPEG progressive": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    "PNG": (".png", []),
    "BMP": (".bmp", []),
    "TIFF": (".tiff", [cv2.IMWRITE_TIFF_COMPRESSION, 1]),
    "TIFF LZW": (".tiff", [cv2.IMWRITE_TIFF_COMPRESSION, 5]),
    "TIFF deflate": (".tiff", [cv2.IMWRITE_TIFF_COMPRESSION, 8]),
    "WebP": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 90]),
}
DAMAGES: dict[str, Callable[[int], bytes]] = {
    "missing": lambda _: b"",
    "zeroed": bytes,
    "set to 255": lambda length: b"\xff" * length,
}


def encoded(image: Image, form: str) -> bytes:
    suffix, options = FORMATS[form]
    return cv2.imencode(suffix, image[..., ::-1], options)[1].tobytes()


def elapsed_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def costs(data: bytes) -> tuple[float, float, float]:
    """The service's and OpenCV's time in ms, and the ratio: medians of the pairs."""
    array = np.frombuffer(data, np.uint8)
    pairs = [
        (
            elapsed_ms(lambda: decode_image(data, MAX_PIXELS)),
            elapsed_ms(lambda: cv2.imdecode(array, cv2.IMREAD_COLOR_RGB)),
        )
        for _ in range(PAIRS)
    ]
    ours, theirs = (median(column) for column in zip(*pairs, strict=True))
    return ours, theirs, median(one / other for one, other in pairs)


def damaged(jpeg: bytes, length: int, damage: str, random: np.random.Generator) -> Iterator[bytes]:
    start = jpeg.index(b"\xff\xda") + 20
    for _ in range(PLACES if len(jpeg) > start + 3 * length else 0):
        at = int(random.integers(start, len(jpeg) - length - 2))
        yield jpeg[:at] + DAMAGES[damage](length) + jpeg[at + length :]


def accepted(data: bytes) -> bool:
    try:
        decode_image(data, MAX_PIXELS)
    except ImageUndecodable:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "magnetic_tile", "transistor"])
    options = parser.parse_args()
    say(measured_with(("numpy", "opencv-python-headless", "pillow", "simplejpeg")))
    photographs = [
        load_object(options.root, name, needs_references=True).train[:PHOTOGRAPHS] for name in options.objects
    ]
    say(f"\nTime at {SIDE}x{SIDE}, ms: the service's decoder, OpenCV's, ratio (mean over the objects)")
    shown = [np.asarray(cv2.resize(read_image(each[0]), (SIDE, SIDE)), np.uint8) for each in photographs]
    for form in FORMATS:
        ours, theirs, ratio = np.mean([costs(encoded(image, form)) for image in shown], axis=0)
        say(f"  {form}: {ours:.1f}, {theirs:.1f}, {ratio:.2f}")
    random = np.random.default_rng(0)
    say("\nDamaged JPEG files that are accepted")
    for form in ("JPEG", "JPEG progressive"):
        whole = [encoded(read_image(path), form) for each in photographs for path in each]
        for length in RUNS:
            for damage in DAMAGES:
                tried = [accepted(data) for jpeg in whole for data in damaged(jpeg, length, damage, random)]
                say(f"  {form}, {length} bytes {damage}: {sum(tried)} of {len(tried)}")


if __name__ == "__main__":
    main()
