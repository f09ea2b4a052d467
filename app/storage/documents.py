"""The small documents that storage keeps: products, bank manifests, pointers. Frozen dataclasses, JSON on disk."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Literal, get_args

from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import Coreset, Preprocessing, ProductSettings, Profile, RowPrecision, Search
from app.engine.photograph.appearance import Appearance

BlobKind = Literal[
    "references", "segments", "previews", "left-out", "coresets", "lists", "calibration", "calibration-images",
    "evaluations",
]  # fmt: skip
BLOB_KINDS: tuple[BlobKind, ...] = get_args(BlobKind)
ManifestReason = Literal["register", "delete", "rebuild", "repair", "masking", "settings", "proposal", "improvement"]


STORE_FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """What belongs to a store as a whole: the format of its documents, the backbone that `default` stands for.

    `revision` counts the changes of the latter.
    """

    format: int = STORE_FORMAT
    default_backbone: str | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class CalibrationImage:
    """A photograph that a person called good or bad and that is in no bank: its upload. `sha256` names it.

    `near_duplicates` names the references and the images before it in the set that it is all but the same as, the
    nearest first, when it was compared: some may be gone since. `used_bits`: as of a reference.
    """

    sha256: str
    is_good: bool
    filename: str | None
    media_type: str
    width: int
    height: int
    size_bytes: int
    added_at: str
    appearance: Appearance
    near_duplicates: tuple[str, ...] = ()
    used_bits: int | None = None


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """What was measured of the calibration images in one bank: `bank` names it by its `content`, `table` the blob of
    the patch distances, which has `rows` images."""

    bank: str
    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class CalibrationSet:
    """The calibration images of a product, and what was measured of them: one table for each bank that was calibrated.

    `bank_version` and `table`: the only table of an earlier release, by position in `images`.
    """

    images: tuple[CalibrationImage, ...] = ()
    tables: tuple[CalibrationTable, ...] = ()
    bank_version: int | None = None
    table: str | None = None

    @property
    def good(self) -> int:
        return sum(image.is_good for image in self.images)

    @property
    def blobs(self) -> set[str]:
        """The blobs of all tables."""
        return {each.table for each in self.tables} | ({self.table} if self.table else set())

    def table_of(self, manifest: "BankManifest") -> CalibrationTable | None:
        """What was measured in a bank version, or in another one of the same content; None: nothing."""
        for each in self.tables:
            if each.bank == manifest.content:
                return each
        if self.table is not None and self.bank_version == manifest.version:
            return CalibrationTable(manifest.content, self.table, 0)
        return None


@dataclass(frozen=True, slots=True)
class Product:
    """A product. `revision` counts its changes (compare-and-set, ETag); times are RFC 3339, UTC."""

    product_id: str
    settings: ProductSettings
    display_name: str | None
    metadata: dict[str, object]
    created_at: str
    revision: int = 1
    calibration: CalibrationSet = field(default_factory=CalibrationSet)


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """One reference of a bank version: its upload, and the segment of patch features made from it.

    `sha256` names the upload and the reference, `segment` the segment blob (both SHA-256 of their content).
    `foreground_fractions` has one number per angle: the share of patches that the masking step keeps, 0..1.
    `appearance` is None where an earlier release registered it. `used_bits`: as many as its largest sample
    needs; None for a file of 8 bits, or where an earlier release registered it.
    """

    sha256: str
    segment: str
    rows: int
    foreground_fractions: tuple[float, ...]
    filename: str | None
    media_type: str
    width: int
    height: int
    size_bytes: int
    added_at: str
    appearance: Appearance | None = None
    used_bits: int | None = None


@dataclass(frozen=True, slots=True)
class MaskingRecord:
    """The stored outcome of the masking test: which reference it was run on, the preview blob (PNG), and the profile
    whose masks were tested."""

    reference: str
    verdict: MaskingVerdict
    preview: str
    profile: Profile = "robust"


@dataclass(frozen=True, slots=True)
class CoresetRecord:
    """The rows of a bank version that are searched: the rule, the blob that names them, and how many they are.

    `left_out_of_all` names the leave-one-out table of all rows. `score` and `score_of_all`: the median image score of
    the references, each among these rows of the others, and among all of theirs, by the settings that made the version;
    None where it is not known.
    """

    rule: Coreset
    blob: str
    rows: int
    left_out_of_all: str | None = None
    score_of_all: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ListsRecord:
    """The lists of a bank's rows: their blob, and how many rows there were when their centres were found."""

    blob: str
    centred_rows: int


@dataclass(frozen=True, slots=True)
class BankManifest:
    """One version of a memory bank: which segments it joins, and everything that made them.

    `heat_scale` is the patch distance at the hot end of the colour scale; None with fewer than two references, where
    the backbone's constant serves (but for PatchCore). `left_out` names the blob of the leave-one-out table, None with
    fewer than two. Without a `coreset` all rows are searched; `search`: among which of them, by their place, which is
    `anywhere` where a manifest does not tell. `lists`: where inspections need not search all rows. `row_precision`: how
    the rows lie in host memory. A `proposal` never serves: `evaluation` names the blob that tells what would change if
    it did; an `improvement` is one that somebody has taken.
    """

    version: int
    parent: int | None
    reason: ManifestReason
    created_at: str
    backbone: str
    backbone_sha256: str
    engine: str
    precision: str
    preprocessing: Preprocessing
    width: int
    references: tuple[ReferenceEntry, ...] = field(default_factory=tuple)
    masking: MaskingRecord | None = None
    heat_scale: float | None = None
    left_out: str | None = None
    coreset: CoresetRecord | None = None
    search: Search = "anywhere"
    lists: ListsRecord | None = None
    row_precision: RowPrecision = "float32"
    evaluation: str | None = None

    @property
    def all_rows(self) -> int:
        return sum(reference.rows for reference in self.references)

    @property
    def rows(self) -> int:
        """Those that are searched."""
        return self.coreset.rows if self.coreset else self.all_rows

    @property
    def coreset_rule(self) -> Coreset | None:
        return self.coreset.rule if self.coreset else None

    @property
    def left_out_of_all(self) -> str | None:
        """The blob of the leave-one-out table of all rows."""
        return self.coreset.left_out_of_all if self.coreset else self.left_out

    def is_made_by(self, engine: str, precision: str) -> bool:
        """Whether features of that arithmetic are those of the bank. In float32 all engines give the same."""
        return self.precision == precision and (precision == "float32" or self.engine == engine)

    @property
    def content(self) -> str:
        """SHA-256 of all that distances to the bank depend on: versions of equal content give equal ones."""
        preprocessing = asdict(self.preprocessing)
        if self.preprocessing.layers is None:  # said nothing before layers could be chosen
            del preprocessing["layers"], preprocessing["layers_join"]
        if self.preprocessing.method == "anomalydino":  # nor before methods could be
            del preprocessing["method"]
        segments = [each.segment for each in self.references]
        made_by = [self.backbone_sha256, preprocessing, sorted(segments)]
        if self.coreset:
            # It names rows by the position of their reference.
            made_by += [segments, self.coreset.blob]
        if self.search != "anywhere":
            made_by += [asdict(self.search)]
        if self.row_precision != "float32":
            made_by += [self.row_precision]
        return sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BankPointer:
    """Which version serves. `active` is None before the first registration; `latest` is the highest number given."""

    active: int | None = None
    latest: int = 0
    revision: int = 0
