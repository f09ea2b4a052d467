import numpy as np

from app.engine.masking.foreground import foreground_mask
from app.engine.masking.picture import OUTLINE, preview
from app.engine.options import ROTATION_ANGLES_DEG
from app.engine.types import Image
from tests.engine.masking.drawn import OTSU, disc_on_plain, geometry, rotations

SIDE_PX = 512


def picture(side_px: int = SIDE_PX) -> Image:
    features = rotations(disc_on_plain(0.2, side_px=side_px))
    masks = [foreground_mask(each, OTSU, "robust") for each in features]
    return preview(disc_on_plain(0.2, side_px=side_px), masks, ROTATION_ANGLES_DEG, features[0].geometry)


def test_the_object_keeps_its_colours_and_the_background_is_shaded() -> None:
    sheet = picture()
    np.testing.assert_array_equal(sheet[256, 256], (120, 70, 40))
    assert sheet[20, 20].max() < 110


def test_the_mask_is_outlined() -> None:
    outlined = (picture()[:, :SIDE_PX] == OUTLINE).all(axis=2)
    assert 0.005 < outlined.mean() < 0.03


def test_the_rotations_stand_beside_it_as_tiles() -> None:
    sheet = picture()
    assert sheet.shape[0] == 512
    assert (sheet[60:64, SIDE_PX + 60 : SIDE_PX + 64] == (120, 70, 40)).all()


def test_one_mask_alone_gives_one_picture() -> None:
    image = disc_on_plain(0.2)
    sheet = preview(image, [np.ones(784, bool)], (0.0,), geometry(28, 28))
    assert sheet.shape == (512, 512, 3)


def test_what_the_crop_cut_off_is_shaded() -> None:
    image = np.full((87, 87, 3), 200, np.uint8)
    sheet = preview(image, [np.ones(100, bool)], (0.0,), geometry(10, 10, extra_px=7))
    assert sheet[-3, 256].max() < 110
    assert (sheet[256, 256] == 200).all()
