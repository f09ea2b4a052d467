"""What an inspection looks like."""

from app.engine.backbone.backbone import Backbone
from app.engine.heatmap import Heatmap, heatmap, shown_size
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
    if wanted.size == "image":
        edge = None
    else:
        edge = loaded.manifest.preprocessing.smaller_edge if wanted.size == "map" else wanted.size
    profile, inspected = product.settings.profile, features.geometry
    # What is smaller than the backbone saw it is averaged down, so that no patch is passed over; so are the authors'.
    at_once = profile == "robust" and wanted.size == "map"
    return heatmap(
        anomaly_map(distances.values, inspected, profile, shown_size(inspected.original, edge) if at_once else None),
        image,
        scale_max,
        style=wanted.style,
        smaller_edge=edge,
        regions=region_mask(regions, inspected, profile) if regions is not None and _draws_regions(wanted) else None,
        unseen=unseen,
    )


def _draws_regions(wanted: HeatmapRequest) -> bool:
    return wanted.style in ("overlay", "mask")
