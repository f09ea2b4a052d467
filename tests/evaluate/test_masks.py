"""Ground truth masks are read as they were meant, whatever they were saved as; what has two meanings is named."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from app.engine.photograph.preprocess import geometry
from app.engine.types import Size
from app.errors import InvalidDataset
from app.evaluate.dataset import load_object, read_image
from app.evaluate.masks import read_mask
from app.evaluate.rows import truths
from tests.evaluate.machine import EDGE
from tests.evaluate.trees import SIZE, bar, mvtec_object, save
from tests.shared import SHARED, needs_shared

Values = NDArray[np.generic]

WHITE = bar()
DEFECT = WHITE > 0
HALVES = np.arange(SIZE[1]) < SIZE[1] // 2
ORIENTED = PillowImage.Exif()
ORIENTED[0x0112] = 3


def saved(folder: Path, picture: PillowImage.Image | Values, suffix: str = ".png", **options: Any) -> Path:
    path = folder / f"000_mask{suffix}"
    shown = picture if isinstance(picture, PillowImage.Image) else PillowImage.fromarray(picture)
    shown.save(path, **options)
    return path


def levels(black: int, white: int, kind: type[np.unsignedinteger] = np.uint8) -> Values:
    return np.where(DEFECT, kind(white), kind(black))


def labels(*values: int) -> Values:
    """The defect in stripes of these values, on 0."""
    stripes = np.resize(np.repeat(np.array(values, np.uint8), 8), SIZE[1])
    return np.asarray(DEFECT * stripes, np.uint8)


def layers(colour: Values, alpha: Values) -> Values:
    return np.dstack([colour, colour, colour, alpha]).astype(np.uint8)


def palette(*colours: int) -> PillowImage.Image:
    """Indices 0 and 1 with these colours, three values each."""
    indexed = PillowImage.fromarray(DEFECT.astype(np.uint8)).convert("P")
    indexed.putpalette(colours)
    return indexed


EVEN = np.full(SIZE, 255, np.uint8)
RIGHT: dict[str, PillowImage.Image | Values] = {
    "black and white": WHITE,
    "0 and 1": levels(0, 1),
    "1 and 255": levels(1, 255),
    "0 and 100": levels(0, 100),
    "labels, as VisA has them": labels(1, 2, 3, 9),
    "labels near white, as MVTec LOCO has them": labels(236, 240, 255),
    "16 bit": levels(0, 65535, np.uint16),
    "1 of 16 bit": levels(0, 1, np.uint16),
    "255 of 16 bit": levels(0, 255, np.uint16),
    "one bit": PillowImage.fromarray(DEFECT),
    "coloured": np.dstack([WHITE, WHITE * 0, WHITE * 0]),
    "a colour's darker part alone": np.dstack([WHITE * 0, WHITE // 255, WHITE * 0]),
    "palette of black and white": palette(0, 0, 0, 255, 255, 255),
    "palette of black and red": palette(0, 0, 0, 128, 0, 0),
    "palette of 0 and 1": palette(0, 0, 0, 1, 1, 1),
    "opaque": layers(WHITE, EVEN),
    "transparency alone, white": layers(EVEN, WHITE),
    "transparency alone, black": layers(EVEN * 0, WHITE),
    "colour and transparency alike": layers(WHITE, WHITE),
    "transparency beside grey": PillowImage.fromarray(np.dstack([EVEN, WHITE])),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_mask_is_read_as_it_was_meant(tmp_path: Path, name: str) -> None:
    np.testing.assert_array_equal(read_mask(saved(tmp_path, RIGHT[name]), SIZE), DEFECT)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("quality", [50, 75, 95, 100])
def test_a_lossy_file_adds_no_defect_and_loses_none(tmp_path: Path, suffix: str, quality: int) -> None:
    options = {"quality": quality} if suffix in (".webp", ".jpg") else {}
    np.testing.assert_array_equal(read_mask(saved(tmp_path, WHITE, suffix, **options), SIZE), DEFECT)


def test_a_lossy_file_saved_as_png_since_is_read_alike(tmp_path: Path) -> None:
    lossy = PillowImage.open(saved(tmp_path, WHITE, ".jpg", quality=75))
    np.testing.assert_array_equal(read_mask(saved(tmp_path, lossy), SIZE), DEFECT)


def test_a_soft_edge_ends_at_half(tmp_path: Path) -> None:
    ramp = np.zeros(SIZE, np.uint8)
    ramp[:, 60:] = 255
    ramp[:, 57:60] = [60, 127, 128]
    assert read_mask(saved(tmp_path, ramp), SIZE).argmax(axis=1).tolist() == [59] * SIZE[0]


@pytest.mark.parametrize(("value", "marked"), [(0, False), (1, True), (255, True)])
def test_a_mask_of_one_value_marks_nothing_or_everything(tmp_path: Path, value: int, marked: bool) -> None:
    found = read_mask(saved(tmp_path, np.full(SIZE, value, np.uint8)), SIZE)
    assert (bool(found.all()), bool(found.any())) == (marked, marked)


WRONG: dict[str, tuple[PillowImage.Image | Values, str]] = {
    "inverted": (255 - WHITE, "seems to be inverted"),
    "inverted, 0 and 1": (levels(1, 0), "seems to be inverted"),
    "inverted in the transparency": (layers(EVEN, 255 - WHITE), "seems to be inverted"),
    "inverted palette": (palette(255, 255, 255, 0, 0, 0), "seems to be inverted"),
    "grey background": (levels(128, 255), "no black background"),
    "kinds of defects as greys": (labels(50, 100, 255), "areas of grey"),
    "a label beside white": (labels(1, 255), r"areas of grey \(1, where 255 is white\)"),
    "coloured background": (np.dstack([WHITE, WHITE * 0, 255 - WHITE]), "marks all of its image"),
    "every pixel labelled": (levels(1, 2), "marks all of its image"),
    "colour against transparency": (layers(WHITE, np.where(HALVES, EVEN, 0)), "its transparency"),
    "wholly transparent": (layers(EVEN, EVEN * 0), "its transparency"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mask_that_can_be_read_either_way_is_named(tmp_path: Path, name: str) -> None:
    picture, told = WRONG[name]
    with pytest.raises(InvalidDataset, match=rf"000_mask\.png: the mask .*{told}"):
        read_mask(saved(tmp_path, picture), SIZE)


def test_a_dark_mask_that_was_compressed_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="Save it as PNG"):
        read_mask(saved(tmp_path, levels(0, 2), ".jpg"), SIZE)


def test_a_mask_that_is_shown_turned_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"000_mask\.jpg: the mask is to be turned"):
        read_mask(saved(tmp_path, WHITE, ".jpg", exif=ORIENTED), SIZE)


@pytest.mark.parametrize("spoil", [lambda _data: b"", lambda _data: b"no image", lambda data: data[: len(data) // 2]])
def test_a_damaged_mask_is_named(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = saved(tmp_path, WHITE)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InvalidDataset, match=r"000_mask\.png"):
        read_mask(path, SIZE)


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = save(tmp_path / "000_mask.png", bar((50, 60)))
    with pytest.raises(InvalidDataset, match=r"000_mask\.png: the mask is 60x50 px, its image 160x144 px"):
        read_mask(path, SIZE)


@pytest.mark.parametrize(("large", "named"), [(1, False), (2, True)])
def test_most_masks_mark_less_than_half_of_their_image(tmp_path: Path, large: int, named: bool) -> None:
    folder = mvtec_object(tmp_path, "disc")
    for number in range(large):
        save(folder / f"ground_truth/bar/{number:03d}_mask.png", EVEN)
    data = load_object(tmp_path, "disc", needs_references=True)
    geometries = [geometry(Size(*read_image(image.path).shape[:2]), EDGE, 14, "whole") for image in data.test]
    if named:
        with pytest.raises(InvalidDataset, match=r"000_mask\.png.* as 2 of 3 masks of disc do"):
            truths(data, geometries)
    else:
        assert truths(data, geometries).bad.sum() == 3


@needs_shared
def test_the_masks_of_real_photographs_are_read_as_ever() -> None:
    for path in (SHARED / "data").glob("*/ground_truth/*/*.png"):
        values = np.asarray(PillowImage.open(io.BytesIO(path.read_bytes())))
        np.testing.assert_array_equal(read_mask(path, values.shape), values > 0)
