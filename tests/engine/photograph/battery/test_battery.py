"""Every awkward photograph is read as an independent library reads it, and as it was drawn, or refused."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.photograph.image_file import decode_image
from app.errors import ImageUndecodable
from tests.engine.photograph.battery import damaged_files, tiff_files, whole_files
from tests.engine.photograph.battery.awkward_file import KINDS, AwkwardFile
from tests.engine.photograph.battery.reference_reader import library_reading

DOCUMENT = Path(__file__).parents[4] / "docs" / "security.md"
ROW = re.compile(r"^\| (JPEG|PNG|BMP|TIFF|WebP|all) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
MEAN_BOUND = 8.0
"""Of the grey levels by which a lossy file differs from what was drawn; turned wrongly it is over 30."""
DRAWN_BY = (
    whole_files.turned_files, whole_files.jpeg_files, whole_files.png_files, whole_files.bmp_files,
    whole_files.webp_files, tiff_files.layout_files, tiff_files.predictor_files, tiff_files.jpeg_in_tiff_files,
    tiff_files.colour_files, tiff_files.turned_tiff_files, tiff_files.page_files, tiff_files.unread_tiff_files,
    damaged_files.damaged_jpeg_files, damaged_files.damaged_png_files, damaged_files.damaged_bmp_files,
    damaged_files.damaged_webp_files, damaged_files.damaged_tiff_files,
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of a file: `pixels` None where it was refused; `by_library` None where no library reads it."""

    file: AwkwardFile
    pixels: NDArray[np.uint8] | None
    by_library: NDArray[np.uint8] | None

    @property
    def as_the_library(self) -> bool:
        read, other = self.pixels, self.by_library
        return read is None or other is None or most(read, other) <= self.file.bound

    @property
    def as_drawn(self) -> bool:
        read, wanted = self.pixels, self.file.shows
        if read is None or wanted is None:
            return read is wanted or self.file.may_be_refused
        if self.file.lossy:
            return read.shape == wanted.shape and float(np.abs(read.astype(int) - wanted).mean()) <= MEAN_BOUND
        return most(read, wanted) <= self.file.bound


def most(read: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """Grey levels by which two pictures differ; 256 where their sizes do."""
    return 256 if read.shape != other.shape else int(np.abs(read.astype(int) - other).max())


def read(file: AwkwardFile) -> Outcome:
    try:
        pixels = decode_image(file.data, 10**6).pixels
    except ImageUndecodable:
        return Outcome(file, None, None)
    return Outcome(file, pixels, library_reading(file.data))


@cache
def outcomes() -> tuple[Outcome, ...]:
    return tuple(read(file) for draw in DRAWN_BY for file in draw())


def rows() -> Iterator[tuple[str, int, int, int, int]]:
    """Kind, files, read as the library does, read as drawn alone, refused."""
    for kind in (*KINDS, "all"):
        of = [each for each in outcomes() if kind in (each.file.kind, "all")]
        counts = Counter(
            "refused" if each.pixels is None else "drawn" if each.by_library is None else "library" for each in of
        )
        yield kind, len(of), counts["library"], counts["drawn"], counts["refused"]


def test_what_is_read_is_what_an_independent_library_reads() -> None:
    assert not [f"{each.file.kind} {each.file.name}" for each in outcomes() if not each.as_the_library]


def test_what_is_whole_is_read_as_drawn_and_what_is_not_is_refused() -> None:
    assert not [f"{each.file.kind} {each.file.name}" for each in outcomes() if not each.as_drawn]


def test_the_table_of_the_battery_is_documented() -> None:
    documented = [(kind, *map(int, counts)) for kind, *counts in ROW.findall(DOCUMENT.read_text())]
    assert documented == list(rows())


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_of_the_files_are_their_own(kind: str) -> None:
    names = Counter(each.file.name for each in outcomes() if each.file.kind == kind)
    assert not [name for name, count in names.items() if count > 1]
