"""What the authors of AnomalyDINO settled for each object of MVTec-AD and VisA (their `get_dataset_info`)."""

from collections.abc import Collection
from typing import Literal

from app.errors import InvalidDataset

KnownDataset = Literal["MVTec-AD", "VisA"]

MVTEC_MASKED = frozenset({"capsule", "hazelnut", "pill", "screw", "toothbrush"})
MVTEC_ROTATED = frozenset({"hazelnut", "screw"})
MVTEC_PLAIN = frozenset({"bottle", "cable", "carpet", "grid", "leather", "metal_nut", "tile", "transistor", "wood"})
MVTEC = MVTEC_MASKED | MVTEC_PLAIN | {"zipper"}
VISA_BOARDS = frozenset({"pcb1", "pcb2", "pcb3", "pcb4"})
VISA = VISA_BOARDS | {"candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2", "pipe_fryum"}
OBJECTS: dict[KnownDataset, frozenset[str]] = {"MVTec-AD": MVTEC, "VisA": VISA}


def known_dataset(objects: Collection[str]) -> KnownDataset | None:
    """The data set that has exactly these objects, if it is one of the two."""
    return next((name for name, members in OBJECTS.items() if members == set(objects)), None)


def masked_by_table(name: str) -> bool:
    """Whether the authors mask this object's background; all of VisA's. InvalidDataset for an unknown object."""
    _check_known(name)
    return name in VISA | MVTEC_MASKED


def rotated_by_table(name: str) -> bool:
    """Whether the authors' `informed` rotates this object's references; none of VisA's. InvalidDataset as above."""
    _check_known(name)
    return name in MVTEC_ROTATED


def _check_known(name: str) -> None:
    if name not in MVTEC | VISA:
        raise InvalidDataset(
            f"{name!r} is no object of MVTec-AD or VisA, so no table says whether to mask or rotate it. "
            "Say it: --masking auto|on|off, --rotation on|off."
        )
