"""Photographs of good parts as an inspection would see them: which patches it scores, and whether it would decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.engine.bank.left_out import NOBODY, LeftOut
from app.engine.masking.foreground import MaskFlag, scored_patches
from app.engine.options import ProductSettings, Statistic
from app.engine.photograph.appearance import Appearance
from app.engine.types import Distances, Mask, Size, Weights
from app.engine.verdict.calibration import FEWEST_REFERENCES
from app.engine.verdict.left_out_scores import left_out_masks
from app.engine.verdict.scoring import image_score, median_distance
from app.service.banks.masking_policy import masking_applies
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.reference_photographs import ReferencePhotographs
from app.service.verdicts.verdict import UNDECIDABLE, Flag, Looked, likeness, sees_nothing
from app.storage.documents import BankManifest, CalibrationImage, ReferenceEntry
from app.storage.left_out import LeftOutTable


@dataclass(frozen=True, slots=True)
class GoodPhotograph:
    """Patch distances to a bank that it is not in (N), the patches that are scored (N), the median of these, what it
    looks like, every flag for which it would not be decided, and the weights of the largest distances (N)."""

    sha256: str
    distances: Distances
    mask: Mask
    median: float
    looked: Looked
    flags: tuple[Flag, ...] = ()
    weights: Weights | None = None

    @property
    def seen(self) -> Appearance | None:
        """None: an earlier release registered it."""
        return self.looked.appearance

    @property
    def decidable(self) -> bool:
        return not UNDECIDABLE & set(self.flags)

    @property
    def largest(self) -> float:
        """Largest patch distance of those that are scored."""
        return float(self.distances[self.mask].max(initial=0))

    def score(self, statistic: Statistic) -> float:
        return image_score(self.distances * self.mask, self.mask, statistic, self.weights)

    @classmethod
    def of(
        cls, sha256: str, row: LeftOut, masked: tuple[Mask, MaskFlag | None], looked: Looked, statistic: Statistic
    ) -> "GoodPhotograph":
        mask, flag = masked
        told: dict[Flag, bool] = {
            "bit_depth_exceeded": looked.exceeds_bit_depth,
            "nothing_near": looked.nothing_near,
            "statistic_degenerate": sees_nothing(statistic, mask),
        }
        flags = (*([flag] if flag else []), *(each for each, holds in told.items() if holds))
        return cls(sha256, row.distances, mask, median_distance(row.distances, mask), looked, flags, row.weights)


def as_looked(entry: ReferenceEntry | CalibrationImage, manifest: BankManifest) -> Looked:
    """A reference or calibration image as a photograph beside a bank version."""
    exceeds = entry.used_bits is not None and entry.used_bits > manifest.preprocessing.bit_depth
    return Looked(entry.appearance, Size(entry.height, entry.width), exceeds)


def has_nothing_near(row: LeftOut, mask: Mask, manifest: BankManifest) -> bool:
    """Whether a patch that is scored has no row near its place; never in a bank that is searched anywhere, in which an
    earlier release did not tell which reference was nearest."""
    return manifest.search != "anywhere" and bool((row.nearest[mask] == NOBODY).any())


def photographs_of_references(
    left_out: LeftOutTable, manifest: BankManifest, settings: ProductSettings
) -> list[GoodPhotograph]:
    """Each reference in the table as if it had come to be inspected by the others. Whether it is like them is told by
    three others or more."""
    masks = masks_of_references(left_out, manifest, settings)
    entries = [manifest.references[position] for position in left_out]
    found = [
        GoodPhotograph.of(entry.sha256, row, mask, as_looked(entry, manifest), settings.statistic)
        for entry, row, mask in zip(entries, left_out.values(), masks, strict=True)
    ]
    shown = ReferencePhotographs.of(manifest)
    return found if len(found) <= FEWEST_REFERENCES else list(among_the_others(found, shown))


def masks_of_references(
    left_out: LeftOutTable, manifest: BankManifest, settings: ProductSettings
) -> list[tuple[Mask, MaskFlag | None]]:
    """Which patches of each reference in the table would be scored, in its order, and what is said of its mask."""
    fractions = None
    if masking_applies(settings, manifest.masking):
        fractions = [manifest.references[position].foreground_fractions for position in left_out]
    return left_out_masks(list(left_out.values()), fractions, settings.profile)


def mask_of(row: LeftOut, manifest: BankManifest, settings: ProductSettings) -> tuple[Mask, MaskFlag | None]:
    """Which patches of another photograph would be scored, and what is said of its mask."""
    if not masking_applies(settings, manifest.masking):
        return np.ones(len(row.distances), bool), None
    known = [fraction for entry in manifest.references for fraction in entry.foreground_fractions]
    return scored_patches(row.foreground, settings.profile, known)


def among_the_others(photographs: Sequence[GoodPhotograph], shown: ReferencePhotographs) -> Iterator[GoodPhotograph]:
    """Each photograph, compared with all others: one that is unlike them does not widen what it is compared with."""
    for place, each in enumerate(photographs):
        others = [other for at, other in enumerate(photographs) if at != place]
        yield compared(each, limits(others, others, shown))


def limits(
    alike: Sequence[GoodPhotograph], plain: Sequence[GoodPhotograph], shown: ReferencePhotographs
) -> Calibration:
    """What the product shows: the median patch distance of `alike`, the contrast of `plain`; of the decidable ones."""
    medians = [each.median for each in alike if each.decidable]
    contrasts = [each.seen.contrast for each in plain if each.decidable and each.seen]
    return Calibration(
        "none",
        median_distance=max(medians, default=None),
        least_contrast=min(contrasts, default=None),
        shown=shown,
    )


def compared(photograph: GoodPhotograph, known: Calibration) -> GoodPhotograph:
    """The photograph, flagged where it shows something else than the product."""
    if all(each.fits for each in likeness(photograph.median, photograph.looked, known)):
        return photograph
    return replace(photograph, flags=(*photograph.flags, "unlike_references"))
