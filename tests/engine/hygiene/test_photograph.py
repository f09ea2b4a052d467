"""A spoilt photograph is told from good ones, and good ones are left in peace."""

import cv2
import numpy as np
import pytest

from app.engine.hygiene import FindingKind, Photograph, findings, photograph
from app.engine.types import Image


def part(seed: int, brightness: float = 110, size: tuple[int, int] = (300, 400)) -> Image:
    """A photograph of a part that differs from seed to seed: a rough disc on a plain ground, and sensor noise."""
    random = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(random.normal(0, 120, (*size, 3)), (0, 0), 1.2)
    disc = np.zeros((*size, 1), np.float32)
    cv2.circle(disc, (size[1] // 2, size[0] // 2), 100, 1.0, -1)
    image = brightness * (0.9 + 0.3 * disc) + grain * (0.1 + disc) + random.normal(0, 2, (*size, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


GOOD = [photograph(part(seed)) for seed in range(8)]


def kinds(image: Image | Photograph, others: list[Photograph]) -> list[FindingKind]:
    of = image if isinstance(image, Photograph) else photograph(image)
    return [each.kind for each in findings(of, others)]


def blurred(image: Image, sigma_px: float) -> Image:
    noise = np.random.default_rng(1).normal(0, 2, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), sigma_px) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("others", [0, 1, 3, 7])
def test_good_photographs_are_left_in_peace(place: int, others: int) -> None:
    rest = [each for other, each in enumerate(GOOD) if other != place]
    assert kinds(GOOD[place], rest[:others]) == []


@pytest.mark.parametrize("others", [0, 1, 7])
def test_a_blurred_photograph_is_told_in_spite_of_noise(others: int) -> None:
    assert kinds(blurred(part(9), 3), GOOD[:others]) == ["blurred"]


def test_contrast_is_no_sharpness() -> None:
    pale = (128 + 0.3 * (part(9).astype(float) - 128)).astype(np.uint8)
    assert photograph(pale).appearance.sharpness == pytest.approx(photograph(part(9)).appearance.sharpness, rel=0.15)


@pytest.mark.parametrize(("brightness", "kind"), [(60, "under_exposed"), (180, "over_exposed")])
def test_another_exposure_than_that_of_the_others_is_told(brightness: float, kind: FindingKind) -> None:
    assert kind in kinds(part(9, brightness), GOOD)
    assert kinds(part(9, brightness), GOOD[:5]) == []


def test_the_light_may_differ_as_much_as_among_the_others() -> None:
    varied = [photograph(part(seed, 60 + 15 * seed)) for seed in range(8)]
    assert kinds(part(9, 55), varied) == []


@pytest.mark.parametrize(("value", "kind"), [(2, "under_exposed"), (253, "over_exposed")])
def test_a_black_or_white_photograph_is_told_without_others(value: int, kind: FindingKind) -> None:
    image = part(9)
    image[:200] = value
    assert kind in kinds(image, [])


def test_a_white_ground_is_usual_where_the_others_have_it() -> None:
    images = [part(seed) for seed in range(3)]
    for image in images:
        image[:200] = 255
    first, *others = map(photograph, images)
    assert "over_exposed" in kinds(first, [])
    assert "over_exposed" not in kinds(first, others)


@pytest.mark.parametrize(
    ("size", "kind"),
    [((600, 800), "different_size"), ((400, 300), "different_aspect"), ((300, 300), "different_aspect")],
)
def test_another_size_or_shape_than_most_have_is_told(size: tuple[int, int], kind: FindingKind) -> None:
    odd = photograph(part(9, size=size))
    assert kind in kinds(odd, GOOD)
    assert kinds(GOOD[0], [*GOOD[1:3], odd]) == []


def test_sizes_that_all_differ_are_not_told() -> None:
    sizes = [photograph(part(seed, size=(300 + 10 * seed, 400))) for seed in range(5)]
    assert kinds(sizes[0], sizes[1:]) == []


def test_a_copy_is_told_and_names_the_other() -> None:
    copy = cv2.imdecode(cv2.imencode(".jpg", part(3), [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_COLOR)
    (found,) = findings(photograph(np.asarray(copy, np.uint8)), GOOD)
    assert (found.kind, found.numbers["other"]) == ("near_duplicate", 3)
    assert found.numbers["distance"] < found.numbers["limit"]


def test_parts_that_all_look_alike_are_no_duplicates() -> None:
    random = np.random.default_rng(0)
    base = cv2.GaussianBlur(part(0).astype(np.float32), (0, 0), 2)
    alike = [photograph(np.clip(base + random.normal(0, 9, base.shape), 0, 255).astype(np.uint8)) for _ in range(6)]
    distances = [1 - float((alike[0].thumbnail * each.thumbnail).sum()) for each in alike[1:]]
    assert 0.01 < min(distances) < 0.04
    assert "near_duplicate" not in kinds(alike[0], alike[1:])


def test_twelve_bits_in_sixteen_are_told_instead_of_too_little_light() -> None:
    upper_bytes = part(9) // 16
    assert "under_exposed" in kinds(upper_bytes, [])
    found = {each.kind: each for each in findings(photograph(upper_bytes, bits=16, used_bits=12), [])}
    assert "under_exposed" not in found
    assert "12 of 16 bits" in found["bit_depth"].message


def test_the_depth_is_judged_by_all_references_together() -> None:
    darker = photograph(part(9), bits=16, used_bits=13)
    assert kinds(darker, [photograph(part(1), bits=16, used_bits=15)]) == []
    assert kinds(darker, [photograph(part(1))]) == ["bit_depth"]


def test_a_raw_mosaic_that_is_taken_as_grey_is_told() -> None:
    colours = np.clip(part(9) * np.array([1.3, 1.0, 0.6]), 0, 255).astype(np.uint8)
    raw = colours[..., 1].copy()
    raw[::2, ::2], raw[1::2, 1::2] = colours[::2, ::2, 0], colours[1::2, 1::2, 2]
    assert "bayer_mosaic" in kinds(np.repeat(raw[..., None], 3, axis=2), [])
    assert kinds(np.repeat(colours[..., 1:2], 3, axis=2), []) == []


@pytest.mark.parametrize("grey", [0, 120, 255])
def test_photographs_that_show_nothing_are_told_also_among_others_like_them(grey: int) -> None:
    noise = [np.random.default_rng(seed).normal(grey, 3, (300, 400, 3)) for seed in range(8)]
    first, *others = (photograph(np.clip(each, 0, 255).astype(np.uint8)) for each in noise)
    for beside in ([], GOOD, others):
        assert "featureless" in kinds(first, beside)


def test_photographs_that_are_all_blurred_are_told() -> None:
    first, *others = (photograph(np.asarray(cv2.GaussianBlur(part(seed), (0, 0), 6), np.uint8)) for seed in range(4))
    assert "blurred" in kinds(first, others)
