"""What may be wrong with a reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FindingKind = Literal[
    "blurred",
    "under_exposed",
    "over_exposed",
    "bit_depth",
    "bayer_mosaic",
    "featureless",
    "different_size",
    "different_aspect",
    "near_duplicate",
    "outlier",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """`message` says what to do; `numbers` what it rests on, limits among them."""

    kind: FindingKind
    message: str
    numbers: Mapping[str, float]
