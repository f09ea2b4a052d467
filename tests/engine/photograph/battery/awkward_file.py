"""A file of the battery, and the picture that all of them show."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

KINDS = ("JPEG", "PNG", "BMP", "TIFF", "WebP")


@dataclass(frozen=True)
class AwkwardFile:
    """`shows`: H×W×3 uint8 as it is to be looked at; None: it must be refused. `bound`: grey levels by which it may be
    read otherwise than the library and, but for the `lossy`, than drawn."""

    kind: str
    name: str
    data: bytes
    shows: NDArray[np.uint8] | None
    bound: int = 0
    lossy: bool = False
    may_be_refused: bool = False


def drawn(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """Smooth, with fine marks near each corner, no two alike."""
    random = np.random.default_rng(height * 1000 + width)
    coarse = random.integers(0, 255, (5, 7, channels), np.uint8)
    picture = np.asarray(cv2.resize(coarse, (width, height)), np.uint8).reshape(height, width, channels)
    picture[2:6, 2:12] = 250
    picture[-5:-2, -9:-2] = 10
    picture[2:9, -4:-2] = 90
    return picture


def stored(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """How a picture must be stored for EXIF's orientation to bring it upright."""
    match orientation:
        case 2:
            picture = picture[:, ::-1]
        case 3:
            picture = picture[::-1, ::-1]
        case 4:
            picture = picture[::-1]
        case 5:
            picture = picture.swapaxes(0, 1)
        case 6:
            picture = np.rot90(picture)
        case 7:
            picture = np.rot90(picture, 2).swapaxes(0, 1)
        case 8:
            picture = np.rot90(picture, -1)
    return np.ascontiguousarray(picture)


def shown(samples: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    """H×W×S of so many bits as RGB of 8: the upper bits, or scaled up; grey replicated."""
    values = samples.astype(np.int64)
    eight = values >> (bits - 8) if bits >= 8 else values * 255 // (2**bits - 1)
    return np.asarray(eight[..., :3] if eight.shape[2] > 2 else np.repeat(eight[..., :1], 3, axis=2), np.uint8)
