import numpy as np

from app.engine.masking.grid import border, closed, closed_inside, component_count, core, without_islands
from app.engine.types import Grid


def test_the_border_is_the_outermost_ring() -> None:
    np.testing.assert_array_equal(border(Grid(3, 4)).reshape(3, 4)[1], [True, False, False, True])
    assert border(Grid(3, 4)).sum() == 10


def test_small_islands_are_dropped_and_large_ones_stay() -> None:
    mask = np.zeros((12, 12), bool)
    mask[1:6, 1:6] = mask[8:10, 8:10] = True
    mask[0, 11] = True
    kept = without_islands(mask)
    assert (kept.sum(), kept[0, 11]) == (29, False)


def test_no_island_at_all_is_no_error() -> None:
    assert not without_islands(np.zeros((4, 4), bool)).any()


def test_patches_that_touch_at_a_corner_are_one_component() -> None:
    assert component_count(np.eye(5, dtype=bool)) == 1


def test_the_core_leaves_the_rim_out_but_not_at_the_edge_of_the_image() -> None:
    mask = np.zeros((5, 5), bool)
    mask[:, :3] = True
    np.testing.assert_array_equal(core(mask)[2], [True, True, False, False, False])


def test_a_mask_near_the_border_is_not_joined_to_it() -> None:
    mask = np.zeros((6, 6), bool)
    mask[1:4, 1:4] = True
    assert closed(mask)[0].any()
    np.testing.assert_array_equal(closed_inside(mask), mask)


def test_a_gap_of_one_patch_is_closed() -> None:
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    assert closed_inside(mask).all()
