"""From a stored reference image to what a bank keeps of it: its segment, and the outcome of the masking test."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import segment
from app.engine.heatmap import encode_png
from app.engine.masking.picture import preview
from app.engine.methods.known import metric_of
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing, ProductSettings, Profile
from app.engine.photograph.bit_depth import bit_depth
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.photometry import appearance
from app.engine.types import Image
from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.accelerator.extraction import ReferenceExtractor, Rotated, tested_masks
from app.storage.documents import BankManifest, MaskingRecord, ReferenceEntry
from app.storage.segments import SegmentPrecision, encode_segment
from app.storage.store import Blobs


@dataclass(frozen=True, slots=True)
class Recipe:
    """What makes features. A bank answers only to the recipe that made it."""

    backbone: Backbone
    preprocessing: Preprocessing

    def made(self, manifest: BankManifest) -> bool:
        """Whether the manifest's segments were made by this recipe, in the same arithmetic."""
        same = (manifest.backbone_sha256, manifest.preprocessing) == (self.backbone.spec.sha256, self.preprocessing)
        return same and manifest.is_made_by(self.backbone.engine, self.backbone.precision)


class ReferenceMaker:
    """Makes segments for one product. Remembers what it has made, so that a lost race costs no second extraction."""

    def __init__(
        self,
        product_id: str,
        blobs: Blobs,
        extractor: ReferenceExtractor,
        max_pixels: int,
        segment_precision: SegmentPrecision,
    ) -> None:
        self.product_id = product_id
        self._blobs = blobs
        self._extractor = extractor
        self._max_pixels = max_pixels
        self._segment_precision = segment_precision
        self._entries: dict[tuple[str, Recipe], ReferenceEntry] = {}
        self._tests: dict[tuple[str, Recipe, Profile], MaskingRecord] = {}
        self._recent: tuple[str, Recipe, list[Rotated]] | None = None

    def entry(self, reference: ReferenceEntry, recipe: Recipe) -> ReferenceEntry:
        """The reference with its segment made and stored.

        Raises:
            BlobMissing, BlobDamaged: the image as uploaded is lost.
        """
        key = (reference.sha256, recipe)
        if key not in self._entries:
            angles_deg = recipe.preprocessing.angles_deg
            rotations = self._rotations(reference, recipe, angles_deg)
            if reference.used_bits is not None:
                # How light it is depends on the depth, which the references decide together.
                reference = replace(reference, appearance=appearance(self._image(reference, recipe)))
            metric = metric_of(recipe.preprocessing)
            part = segment([each.features for each in rotations], angles_deg, rotations[0].mask, metric)
            self._entries[key] = replace(
                reference,
                segment=self._blobs.put(self.product_id, "segments", encode_segment(part, self._segment_precision)),
                rows=len(part.rows),
                foreground_fractions=tuple(float(each.mask.mean()) for each in rotations),
            )
        return self._entries[key]

    def masking_record(self, reference: ReferenceEntry, recipe: Recipe, profile: Profile) -> MaskingRecord:
        """Run the masking test on a reference and its eight rotations, and store its preview (ALGORITHM 3.5)."""
        key = (reference.sha256, recipe, profile)
        if key not in self._tests:
            rotations = self._rotations(reference, recipe, ROTATION_ANGLES_DEG)
            verdict, masks = tested_masks(rotations, recipe.backbone.spec, profile)
            geometry = rotations[0].features.geometry
            picture = preview(self._image(reference, recipe), masks, ROTATION_ANGLES_DEG, geometry)
            stored = self._blobs.put(self.product_id, "previews", encode_png(picture))
            self._tests[key] = MaskingRecord(reference.sha256, verdict, stored, profile)
        return self._tests[key]

    def _rotations(self, reference: ReferenceEntry, recipe: Recipe, angles_deg: Sequence[float]) -> list[Rotated]:
        """The reference at the angles. The last ones made are kept: the masking test and the segment of the first
        reference both need them."""
        count = len(angles_deg)
        if self._recent is None or self._recent[:2] != (reference.sha256, recipe) or len(self._recent[2]) < count:
            image = self._image(reference, recipe)
            made = self._extractor.rotations(image, angles_deg, recipe.preprocessing, recipe.backbone)
            self._recent = (reference.sha256, recipe, made)
        return self._recent[2][:count]

    def _image(self, reference: ReferenceEntry, recipe: Recipe) -> Image:
        data = self._blobs.get(self.product_id, "references", reference.sha256)
        return decode_image(data, self._max_pixels, recipe.preprocessing.bit_depth).pixels


@contextmanager
def image_needed(reference: ReferenceEntry) -> Iterator[None]:
    """Round what needs the image of a reference: BankDamaged where it is lost."""
    try:
        yield
    except (BlobMissing, BlobDamaged) as error:
        raise BankDamaged(
            f"The image of reference {reference.sha256} is lost ({error}). "
            "Register that photograph again, or delete the reference."
        ) from error


def wanted_preprocessing(settings: ProductSettings, references: Iterable[ReferenceEntry]) -> Preprocessing:
    """The bit depth `auto` is that of all references together."""
    return settings.preprocessing(bit_depth(entry.used_bits for entry in references))


def made_by(settings: ProductSettings, backbone_sha256: str | None, manifest: BankManifest) -> bool:
    """Whether the settings, which name the backbone, would make this bank of its references."""
    tested = manifest.masking is None or manifest.masking.profile == settings.profile
    features = (backbone_sha256, wanted_preprocessing(settings, manifest.references))
    searched = (settings.coreset, settings.search)
    same_features = (manifest.backbone_sha256, manifest.preprocessing) == features
    return tested and same_features and (manifest.coreset_rule, manifest.search) == searched


def computed_otherwise(manifest: BankManifest, serving: Backbone | None) -> bool:
    """Whether the backbone that is in use computes in another precision than the one that made the bank; not where none
    is in use yet."""
    return serving is not None and not manifest.is_made_by(serving.engine, serving.precision)
