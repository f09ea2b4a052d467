"""What is known of a bank's references as photographs: their sizes, and whether they show anything."""

from dataclasses import dataclass
from typing import Self

from app.engine.bank.index import ratio_in
from app.engine.methods.known import metric_of
from app.engine.types import Size
from app.engine.verdict.left_out_scores import UNLIKE_RATIO
from app.storage.documents import BankManifest


@dataclass(frozen=True, slots=True)
class ReferencePhotographs:
    """Of a bank. `smaller_edge`: what they were scaled to, px; `featureless`: none of them shows anything;
    `unlike_ratio`: an image whose median patch distance is more than so many times theirs shows something else."""

    sizes: tuple[Size, ...]
    smaller_edge: int
    featureless: bool
    unlike_ratio: float = UNLIKE_RATIO

    @classmethod
    def of(cls, manifest: BankManifest) -> Self:
        """Those that an earlier release registered without measuring them are taken to show something."""
        entries = manifest.references
        return cls(
            tuple(Size(entry.height, entry.width) for entry in entries),
            manifest.preprocessing.smaller_edge,
            featureless=all(entry.appearance is not None and entry.appearance.is_featureless for entry in entries),
            unlike_ratio=ratio_in(metric_of(manifest.preprocessing), UNLIKE_RATIO),
        )


NO_REFERENCES = ReferencePhotographs((), 0, featureless=False)
"""Nothing can be compared with them."""
