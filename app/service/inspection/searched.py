"""Searching an inspected image's patches in the bank, exactly as far as the answer depends on it."""

from app.engine.bank.certified import Deciding
from app.engine.detector import patch_distances
from app.engine.methods.known import method_of
from app.engine.types import Mask, PatchDistances, PatchFeatures
from app.engine.verdict.scoring import deciding_count
from app.service.banks.cache import LoadedBank
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.verdict import Foreground
from app.storage.documents import Product


def searched(
    features: PatchFeatures, loaded: LoadedBank, product: Product, known: Calibration, foreground: Foreground
) -> PatchDistances:
    """Patch distances: all of them exact in a bank without lists, else those that decide something."""
    made = loaded.manifest.preprocessing
    weighed = [foreground.mask] if method_of(made).weighs(made.fit) else []
    decisive = _deciding(known, product, foreground.mask)
    return patch_distances(features, loaded.bank, foreground.mask, weighed=weighed, deciding=decisive)


def _deciding(known: Calibration, product: Product, mask: Mask) -> Deciding | None:
    """The largest by the product's statistic, those above the threshold of regions, and whether the median distance is
    one of the product's, and of one that has not drifted; None: all, as `paper` has it."""
    settings = product.settings
    if settings.profile == "paper":
        return None
    drift = known.baseline.limits("median_distance")
    limits = (known.unlike_distance, drift.high if drift else None)
    told = tuple(limit for limit in limits if limit is not None)
    return Deciding(deciding_count(settings.statistic, mask), known.region_threshold, told)
