"""What an inspection makes of the patches of its image."""

import numpy as np

from app.engine.backbone.backbone import Backbone
from app.engine.bank.near import NO_ROW
from app.engine.masking.foreground import foreground_mask, scored_patches, trusted_range
from app.engine.photograph.preprocess import geometry
from app.engine.types import Geometry, PatchDistances, PatchFeatures, Size
from app.engine.verdict.regions import Region, find_regions
from app.service.banks.cache import LoadedBank
from app.service.banks.masking_policy import masking_applies
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.verdict import Foreground, Likeness
from app.storage.documents import Product

MAX_REGIONS = 20
"""More of them are not told: the part is bad all over, or it is another one."""


def nothing_near(distances: PatchDistances, foreground: Foreground) -> bool:
    """Whether a patch that is scored has no row near its place."""
    return bool((distances.nearest[foreground.mask] == NO_ROW).any())


def foreground_of(features: PatchFeatures, product: Product, loaded: LoadedBank, backbone: Backbone) -> Foreground:
    """The mask that scoring uses. `robust`: one that the references make implausible is not trusted (ALGORITHM 3.6)."""
    if not masking_applies(product.settings, loaded.manifest.masking):
        return Foreground(np.ones(features.geometry.grid.patches, bool), ())
    profile = product.settings.profile
    fractions = [fraction for entry in loaded.manifest.references for fraction in entry.foreground_fractions]
    found = foreground_mask(features, backbone.spec, profile)
    mask, flag = scored_patches(found, profile, fractions)
    likeness = Likeness("foreground_fraction", float(found.mean()), *trusted_range(fractions))
    return Foreground(mask, (flag,) if flag else (), likeness if profile == "robust" else None)


def regions_of(
    distances: PatchDistances,
    features: PatchFeatures,
    known: Calibration,
    product: Product,
    loaded: LoadedBank,
    backbone: Backbone,
) -> list[Region] | None:
    """The largest peaks first; None without a region threshold."""
    if known.region_threshold is None:
        return None
    return find_regions(
        distances,
        features.geometry,
        product.settings.profile,
        known.region_threshold,
        loaded.bank,
        _reference_geometries(loaded, backbone),
        limit=MAX_REGIONS,
    )


def _reference_geometries(loaded: LoadedBank, backbone: Backbone) -> list[Geometry]:
    made, patch_size = loaded.manifest.preprocessing, backbone.spec.patch_size
    sizes = [Size(entry.height, entry.width) for entry in loaded.manifest.references]
    return [geometry(size, made.smaller_edge, patch_size, made.fit) for size in sizes]
