"""Small data sets in the layouts of MVTec-AD and VisA, drawn: discs, and discs with a bar across."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (144, 160)
Picture = NDArray[np.uint8]


def part(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    random = np.random.default_rng(seed)
    picture = np.full((*size, 3), 60, np.uint8)
    cv2.circle(picture, (size[1] // 2, size[0] // 2), 40, (90, 140, 180), -1)
    return np.clip(picture + random.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def bar(size: tuple[int, int] = SIZE) -> Picture:
    mask = np.zeros(size, np.uint8)
    cv2.rectangle(mask, (size[1] // 2 - 20, size[0] // 2 - 5), (size[1] // 2 + 20, size[0] // 2 + 5), 255, -1)
    return mask


def defective(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    picture = part(seed, size)
    picture[bar(size) > 0] = (250, 250, 30)
    return picture


def save(path: Path, picture: Picture) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = picture[:, :, ::-1] if picture.ndim == 3 else picture
    assert cv2.imwrite(str(path), np.ascontiguousarray(ordered))
    return path


def mvtec_object(root: Path, name: str, references: int = 4) -> Path:
    """`references` references, two good and three defective test images of two kinds, one of other size."""
    folder = root / name
    for number in range(references):
        save(folder / f"train/good/{number:03d}.png", part(number))
    for number in range(2):
        save(folder / f"test/good/{number:03d}.png", part(100 + number))
        save(folder / f"test/bar/{number:03d}.png", defective(200 + number))
        save(folder / f"ground_truth/bar/{number:03d}_mask.png", bar())
    save(folder / "test/tall/000.png", defective(300, (200, 150)))
    save(folder / "ground_truth/tall/000_mask.png", bar((200, 150)))
    return folder


def visa_object(root: Path, name: str, references: int = 3) -> Path:
    """VisA's 1-class layout: `.JPG` photographs, masks of the same stem, values that are not 255."""
    folder = root / name
    for number in range(references):
        save(folder / f"train/good/{number:04d}.JPG", part(number))
    for number in range(2):
        save(folder / f"test/good/{number + 10:04d}.JPG", part(100 + number))
        save(folder / f"test/bad/{number:03d}.JPG", defective(200 + number))
        save(folder / f"ground_truth/bad/{number:03d}.png", np.asarray(bar() // 255 * 2, np.uint8))
    return folder
