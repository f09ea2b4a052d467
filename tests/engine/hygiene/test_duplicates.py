"""Which images of a batch may say what is unusual about which others."""

from dataclasses import replace

import numpy as np

from app.engine.hygiene import Duplicates, Photograph, duplicates, photograph


def apart(count: int) -> list[Photograph]:
    """Photographs that have nothing in common."""
    random = np.random.default_rng(0)
    return [photograph(random.integers(0, 256, (64, 64, 3)).astype(np.uint8)) for _ in range(count)]


def moved(of: Photograph, towards: Photograph, distance: float) -> Photograph:
    """A photograph whose thumbnail is at this cosine distance from that of another."""
    own = of.thumbnail.ravel().astype(np.float64)
    aside = towards.thumbnail.ravel() - own * np.vdot(own, towards.thumbnail.ravel())
    mixed = (1 - distance) * own + np.sqrt(1 - (1 - distance) ** 2) * aside / np.linalg.norm(aside)
    return replace(of, thumbnail=np.asarray(mixed.reshape(of.thumbnail.shape), np.float32))


def test_images_that_differ_judge_each_other() -> None:
    assert duplicates(apart(3), "abc") == [
        Duplicates(False, False, frozenset({0, 1, 2} - {position})) for position in range(3)
    ]


def test_equal_files_count_once() -> None:
    one, two, three = apart(3)
    found = duplicates([one, two, one, three, one], "abaca")
    assert [(each.equal, each.near) for each in found] == [(place in (0, 2, 4), False) for place in range(5)]
    assert [sorted(each.others) for each in found] == [[1, 3], [0, 3], [1, 3], [0, 1], [1, 3]]


def test_near_duplicates_are_both_there_for_others_but_not_for_each_other() -> None:
    one, two, three = apart(3)
    found = duplicates([one, two, three, moved(one, two, 0.005)], "abcd")
    assert [each.near for each in found] == [True, False, False, True]
    assert [sorted(each.others) for each in found] == [[1, 2], [0, 2, 3], [0, 1, 3], [1, 2]]


def test_how_often_a_file_was_sent_does_not_change_what_is_near() -> None:
    one, two, three = apart(3)
    known = [one, two, three, moved(one, two, 0.03)]
    again = duplicates([*known, *[one] * 8], "abcd" + "a" * 8)
    assert [each.near for each in duplicates(known, "abcd")] == [each.near for each in again[:4]]
    assert [each.near for each in again[:4]] == [True, False, False, True]


def test_a_duplicate_of_a_duplicate_is_one_too() -> None:
    one, *others = apart(5)
    chain = [moved(one, others[0], distance) for distance in (0.0, 0.03, 0.11)]
    found = duplicates([*chain, *others[1:]], "abcdef")
    assert [sorted(each.others) for each in found[:3]] == [[3, 4, 5]] * 3


def test_where_most_look_alike_they_are_told_and_still_judge_each_other() -> None:
    """Parts in a fixture, or a defective one photographed again and again: thumbnails do not tell."""
    one, *others = apart(8)
    found = duplicates([*(moved(one, other, 0.015) for other in others[:5]), *others[5:]], "abcdefg")
    assert [each.near for each in found] == [True] * 5 + [False] * 2
    assert [len(each.others) for each in found] == [6] * 7


def test_of_one_photograph_alone_none_is_left_to_judge() -> None:
    one, two = apart(2)
    assert [each.others for each in duplicates([one, one, moved(one, two, 0.001)], "aab")] == [frozenset()] * 3


def test_images_that_show_nothing_cannot_be_told_apart() -> None:
    even = [photograph(np.full((64, 64, 3), grey, np.uint8)) for grey in (80, 120)]
    assert [each.near for each in duplicates([*even, *apart(2)], "abcd")] == [True, True, False, False]
