"""Which images of a batch show the same part twice: none of them can say what is unusual about the others."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from app.engine.hygiene.photograph import NEAR_PHOTOGRAPH, Photograph, same_photographs


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Of one image of a batch. `equal`: the same file is there again; `near`: another file shows all but the same.

    `others` are positions of images that it may be compared with: none of its duplicates, those of theirs included, and
    of equal files the first. Where most of the batch looks alike, parts in a fixture cannot be told from copies: then
    `near` says so, and only what is closer than usual there is left out.
    """

    equal: bool
    near: bool
    others: frozenset[int]


def duplicates(photographs: Sequence[Photograph], files: Sequence[Hashable]) -> list[Duplicates]:
    """Of each image of a batch, in order. `files` are equal where the files are. Near duplicates are told by their
    thumbnails (`same_photographs`), so that a part which was moved in between is not told."""
    first = [files.index(each) for each in files]
    groups = _groups(photographs, first)
    found = []
    for group, own in zip(groups, first, strict=True):
        others = {each for each in first if groups[each] != group}
        rest = set(first) - {own}
        near = rest > others or any(_looks_like(photographs[own], photographs[each]) for each in rest)
        found.append(Duplicates(first.count(own) > 1, near, frozenset(others)))
    return found


def _looks_like(one: Photograph, other: Photograph) -> bool:
    return 1 - float(np.vdot(one.thumbnail, other.thumbnail)) < NEAR_PHOTOGRAPH


def _groups(photographs: Sequence[Photograph], first: Sequence[int]) -> list[int]:
    """A number for each image, the same for duplicates and for duplicates of duplicates.

    Equal files are looked at once: how often a file was sent must not change what is near.
    """
    groups = list(first)
    files = sorted(set(first))
    for file in files:
        own, others = photographs[file], [each for each in files if each != file]
        near = [others[same.other] for same in same_photographs(own, [photographs[each] for each in others])]
        near += [each for each in others if np.array_equal(own.thumbnail, photographs[each].thumbnail)]
        for each in near:
            groups = [groups[file] if group == groups[each] else group for group in groups]
    return groups
