"""Folders of test photographs, as MVTec-AD and VisA (1-class) lay them out (ALGORITHM 8).

<root>/<object>/train/good/*            good parts to draw references from
<root>/<object>/test/<good or defect>/* test images; every folder but `good` is a kind of defect
<root>/<object>/ground_truth/<defect>/* masks: `<image>_mask.*` (MVTec-AD) or `<image>.*` (VisA); may be left out
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from app.engine.photograph.image_file import decode_image
from app.engine.types import Image
from app.errors import InspectorError, InvalidDataset
from app.wording import counted

GOOD = "good"
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
MAX_PIXELS = 2**30
"""A data set is the user's own, so no tighter limit than what OpenCV reads."""


@dataclass(frozen=True, slots=True)
class TestImage:
    """One photograph of the test set; `mask` is its ground truth, None for good ones and where there is none."""

    path: Path
    defect: str
    mask: Path | None

    @property
    def is_defect(self) -> bool:
        return self.defect != GOOD

    @property
    def name(self) -> str:
        """The path below the object's folder."""
        return f"test/{self.defect}/{self.path.name}"


@dataclass(frozen=True, slots=True)
class ObjectData:
    """The photographs of one object, each list in the order of the paths."""

    name: str
    train: tuple[Path, ...]
    test: tuple[TestImage, ...]

    @property
    def has_masks(self) -> bool:
        return any(image.mask for image in self.test)

    def references(self, shots: int, seed: int) -> tuple[Path, ...]:
        """The references of a seed: `train[seed·shots : (seed+1)·shots]`.

        Raises:
            InvalidDataset: there are too few.
        """
        chosen = self.train[seed * shots : (seed + 1) * shots]
        if len(chosen) < shots:
            raise InvalidDataset(
                f"{self.name}: seed {seed} of {counted(shots, 'shot')} needs {counted((seed + 1) * shots, 'image')} in "
                f"train/{GOOD}, there are {len(self.train)}."
            )
        return chosen

    def fingerprint(self) -> str:
        """Changes when files come, go or change in size."""
        paths = [*self.train, *(each for image in self.test for each in (image.path, image.mask) if each)]
        told = [f"{'/'.join(path.parts[-3:])} {path.stat().st_size}" for path in paths]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def object_names(root: Path) -> list[str]:
    """The objects below a data root, sorted: every folder that has a `test` folder.

    Raises:
        InvalidDataset: there is none.
    """
    if not root.is_dir():
        raise InvalidDataset(f"{root} is no folder. Name the folder that holds the objects' folders: --data-root.")
    names = sorted(path.name for path in root.iterdir() if (path / "test").is_dir())
    if not names:
        raise InvalidDataset(
            f"{root} holds no object. Expected is {root}/<object>/train/{GOOD}, {root}/<object>/test/{GOOD} and "
            f"{root}/<object>/test/<defect>."
        )
    return names


def load_object(root: Path, name: str, *, needs_references: bool) -> ObjectData:
    """What there is of one object.

    Raises:
        InvalidDataset: no such object, no test images, no references although they are needed, or some masks are there
            and others are missing.
    """
    folder = root / name
    if not (folder / "test").is_dir():
        raise InvalidDataset(f"{folder} has no folder `test`. The objects there are: {', '.join(object_names(root))}.")
    train = tuple(_images(folder / "train" / GOOD))
    if needs_references and not train:
        raise InvalidDataset(f"{folder / 'train' / GOOD} holds no image. Put photographs of good parts there.")
    masked = (folder / "ground_truth").is_dir()
    test = tuple(
        TestImage(path, kind.name, _mask_of(folder, kind.name, path) if masked and kind.name != GOOD else None)
        for kind in sorted(each for each in (folder / "test").iterdir() if each.is_dir())
        for path in _images(kind)
    )
    if not test:
        raise InvalidDataset(f"{folder / 'test'} holds no image. Expected are test/{GOOD} and test/<defect>.")
    return ObjectData(name, train, test)


def _images(folder: Path) -> list[Path]:
    """The images of a folder in the order of their names; other files and hidden ones are not looked at."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def _mask_of(folder: Path, defect: str, image: Path) -> Path:
    truth = folder / "ground_truth" / defect
    wanted = (f"{image.stem}_mask", image.stem)
    for path in _images(truth):
        if path.stem in wanted:
            return path
    raise InvalidDataset(
        f"{truth / image.stem}_mask.png is missing: the mask of {image}. Add it (all black where nothing is wrong), or "
        "leave the whole folder ground_truth out to evaluate without masks."
    )


def read_image(path: Path) -> Image:
    """A photograph, H×W×3 RGB. InvalidDataset, which names the file, where it cannot be read."""
    try:
        return decode_image(path.read_bytes(), MAX_PIXELS).pixels
    except (InspectorError, OSError) as error:
        raise InvalidDataset(f"{path}: {error}") from error
