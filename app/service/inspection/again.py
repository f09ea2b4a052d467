"""Inspecting a photograph again, in banks that need not serve: nothing is kept, recorded or watched."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features
from app.engine.options import Preprocessing
from app.engine.photograph.appearance import Appearance
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.photometry import appearance
from app.engine.photograph.preprocess import preprocess
from app.engine.types import PatchDistances, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.service.accelerator.backbones import Backbones
from app.service.accelerator.pieces import Pieces
from app.service.banks.cache import LoadedBank
from app.service.inspection.patches import foreground_of, nothing_near
from app.service.inspection.searched import searched
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.verdict import Foreground, Judgement, Looked, judged
from app.storage.documents import BankManifest, Product


@dataclass(frozen=True, slots=True)
class Seen:
    """A photograph as a bank's preprocessing shows it. `exceeds`: it has values larger than the bit depth holds."""

    appearance: Appearance
    exceeds: bool
    features: PatchFeatures


@dataclass(frozen=True, slots=True)
class KnownBank:
    """A bank, and what it knows of good parts."""

    loaded: LoadedBank
    known: Calibration


def judgement_of(
    seen: Seen, distances: PatchDistances, foreground: Foreground, product: Product, bank: KnownBank
) -> tuple[float, Judgement]:
    """The image score, and what is made of it."""
    statistic, version = product.settings.statistic, bank.loaded.manifest.version
    score = image_score(distances.values, foreground.mask, statistic, distances.weights)
    original = seen.features.geometry.original
    looked = Looked(seen.appearance, original, seen.exceeds, nothing_near(distances, foreground))
    return score, judged(score, distances.values, foreground, looked, bank.known, version, statistic)


class Reinspection:
    """Judges photographs as an inspection does, in pieces that let inspections through."""

    def __init__(self, backbones: Backbones, pieces: Pieces, max_pixels: int) -> None:
        self._backbones = backbones
        self._pieces = pieces
        self._max_pixels = max_pixels

    def judged(self, upload: bytes, product: Product, banks: Sequence[KnownBank]) -> list[tuple[float, Judgement]]:
        """The photograph in each of the banks.

        InvalidRequest and what is below it: it cannot be read. Draining, GpuOutOfMemory, NotReady.
        """
        shown: dict[tuple[str, Preprocessing], Seen] = {}
        found = []
        for bank in banks:
            manifest = bank.loaded.manifest
            backbone = self._backbones.get(manifest.backbone, manifest.preprocessing)
            made = (manifest.backbone_sha256, manifest.preprocessing)
            if made not in shown:
                shown[made] = self._seen(upload, manifest, backbone)
            found.append(self._in_bank(shown[made], product, bank, backbone))
        return found

    def _seen(self, upload: bytes, manifest: BankManifest, backbone: Backbone) -> Seen:
        made = manifest.preprocessing
        decoded = self._pieces.beside(decode_image, upload, self._max_pixels, made.bit_depth)
        model_input = self._pieces.beside(preprocess, decoded.pixels, made.smaller_edge, backbone.spec, made.fit)
        [features] = self._pieces.run(patch_features, backbone, [model_input])
        return Seen(self._pieces.beside(appearance, decoded.pixels), decoded.exceeds, features)

    def _in_bank(self, seen: Seen, product: Product, bank: KnownBank, backbone: Backbone) -> tuple[float, Judgement]:
        foreground = self._pieces.beside(foreground_of, seen.features, product, bank.loaded, backbone)
        distances = self._pieces.run(searched, seen.features, bank.loaded, product, bank.known, foreground)
        return judgement_of(seen, distances, foreground, product, bank)
