"""What an inspection looks like."""

from app.engine.backbone.backbone import Backbone
from app.engine.heatmap import Heatmap, heatmap
from app.engine.types import Image, PatchDistances, PatchFeatures, RegionMask
from app.engine.verdict.regions import Region, region_mask
from app.engine.verdict.scoring import anomaly_map
from app.service.banks.cache import LoadedBank
from app.service.inspection.request import HeatmapRequest
from app.service.verdicts.bank_calibration import Calibration
from app.storage.documents import Product


def heat_scale(known: Calibration, loaded: LoadedBank, backbone: Backbone) -> float:
    """The hot end of the colours (ALGORITHM 5.4): by the references, by the calibration images, else a constant."""
    if loaded.manifest.heat_scale is None and known.largest_distance:
        return 2 * known.largest_distance
    return loaded.manifest.heat_scale or backbone.spec.heat_scale


def drawn(
    wanted: HeatmapRequest | None,
    image: Image,
    features: PatchFeatures,
    distances: PatchDistances,
    product: Product,
    loaded: LoadedBank,
    scale_max: float,
    regions: list[Region] | None,
    unseen: RegionMask | None,
) -> Heatmap | None:
    """The heatmap on the bank's scale; None where none is wanted. InvalidRequest: a mask without regions."""
    if wanted is None:
        return None
    edge = loaded.manifest.preprocessing.smaller_edge if wanted.size == "map" else wanted.size
    profile = product.settings.profile
    return heatmap(
        anomaly_map(distances.values, features.geometry, profile),
        image,
        scale_max,
        style=wanted.style,
        smaller_edge=None if edge == "image" else edge,
        regions=None if regions is None else region_mask(regions, features.geometry, profile),
        unseen=unseen,
    )
