"""What a product's settings ask for, given its references."""

from collections.abc import Iterable

from app.engine.backbone.backbone import Backbone
from app.engine.options import Preprocessing, ProductSettings
from app.engine.photograph.bit_depth import bit_depth
from app.storage.documents import BankManifest, ReferenceEntry


def wanted_preprocessing(settings: ProductSettings, references: Iterable[ReferenceEntry]) -> Preprocessing:
    """The bit depth `auto` is that of all references together."""
    return settings.preprocessing(bit_depth(entry.used_bits for entry in references))


def made_by(
    settings: ProductSettings, backbone_sha256: str | None, manifest: BankManifest, serving: Backbone | None
) -> bool:
    """Whether the settings, which name the backbone, would make this bank of its references. A backbone that is not
    `serving` yet is taken to compute as it did."""
    if serving and not manifest.is_made_by(serving.engine, serving.precision):
        return False
    tested = manifest.masking is None or manifest.masking.profile == settings.profile
    features = (backbone_sha256, wanted_preprocessing(settings, manifest.references))
    searched = (settings.coreset, settings.search)
    same_features = (manifest.backbone_sha256, manifest.preprocessing) == features
    return tested and same_features and (manifest.coreset_rule, manifest.search) == searched
