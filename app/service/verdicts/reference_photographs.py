"""What is known of a bank's references as photographs: their sizes, and whether they show anything."""

from dataclasses import dataclass
from typing import Self

from app.engine.types import Size
from app.storage.documents import BankManifest


@dataclass(frozen=True, slots=True)
class ReferencePhotographs:
    """Of a bank. `smaller_edge`: what they were scaled to, px; `featureless`: none of them shows anything."""

    sizes: tuple[Size, ...]
    smaller_edge: int
    featureless: bool

    @classmethod
    def of(cls, manifest: BankManifest) -> Self:
        """Those that an earlier release registered without measuring them are taken to show something."""
        entries = manifest.references
        return cls(
            tuple(Size(entry.height, entry.width) for entry in entries),
            manifest.preprocessing.smaller_edge,
            featureless=all(entry.appearance is not None and entry.appearance.is_featureless for entry in entries),
        )


NO_REFERENCES = ReferencePhotographs((), 0, featureless=False)
"""Nothing can be compared with them."""
