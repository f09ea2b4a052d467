"""What an inspection looks like."""

from app.engine.backbone.backbone import Backbone
from app.engine.patch_map import PatchMap
from app.engine.types import PatchDistances, PatchFeatures
from app.engine.verdict.regions import Region, region_patches
from app.service.banks.cache import LoadedBank
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.verdict import Foreground
from app.storage.documents import Product


def patch_map(
    features: PatchFeatures,
    distances: PatchDistances,
    foreground: Foreground,
    regions: list[Region] | None,
    product: Product,
    known: Calibration,
    loaded: LoadedBank,
    backbone: Backbone,
) -> PatchMap:
    """What its heatmap is drawn from, on the bank's scale."""
    made = loaded.manifest.preprocessing
    return PatchMap(
        distances=distances.values,
        scored=foreground.mask,
        in_region=None if regions is None else region_patches(regions, features.geometry),
        geometry=features.geometry,
        profile=product.settings.profile,
        scale_max=_heat_scale(known, loaded, backbone),
        smaller_edge=made.smaller_edge,
        bit_depth=made.bit_depth,
    )


def _heat_scale(known: Calibration, loaded: LoadedBank, backbone: Backbone) -> float:
    """The hot end of the colours (ALGORITHM 5.4): by the references, by the calibration images, else a constant."""
    if loaded.manifest.heat_scale is None and known.largest_distance:
        return 2 * known.largest_distance
    return loaded.manifest.heat_scale or backbone.spec.heat_scale
