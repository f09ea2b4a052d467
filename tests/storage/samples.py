"""Documents and blobs to store, and their registration: blobs first, then the manifest, then the pointer."""

import random
from dataclasses import replace
from hashlib import sha256

from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import Preprocessing, ProductSettings, Statistic
from app.errors import BlobMissing, StaleRevision
from app.storage.documents import BankManifest, BlobKind, MaskingRecord, Product, ReferenceEntry
from app.storage.store import Blobs, Catalog

NOW = "2026-01-02T03:04:05Z"


def product(product_id: str = "flange") -> Product:
    settings = ProductSettings(smaller_edge=672, statistic=Statistic("mean_topk", k=5))
    return Product(product_id, settings, "Flansch Größe 3", {"line": 4, "tags": ["a", None]}, NOW)


def reference(upload: bytes, segment_bytes: int = 0) -> ReferenceEntry:
    return ReferenceEntry(
        sha256=sha256(upload).hexdigest(),
        segment=sha256(segment(upload, segment_bytes)).hexdigest(),
        rows=1024,
        foreground_fractions=(0.1 + 0.2, 1.0),
        filename="good ü.png",
        media_type="image/png",
        width=1024,
        height=768,
        size_bytes=len(upload),
        added_at=NOW,
    )


def segment(upload: bytes, size_bytes: int = 0) -> bytes:
    """Another one for each upload; filled up with noise, which nothing compresses."""
    start = b"patch features of " + upload
    return start + random.Random(upload).randbytes(max(0, size_bytes - len(start)))


def manifest(version: int = 1, references: tuple[ReferenceEntry, ...] = ()) -> BankManifest:
    return BankManifest(
        version=version,
        parent=version - 1 or None,
        reason="register",
        created_at=NOW,
        backbone="embedded",
        backbone_sha256="0" * 64,
        engine="torch",
        precision="float32",
        preprocessing=Preprocessing(672, "off"),
        width=384,
        references=references,
        masking=MaskingRecord("1" * 64, MaskingVerdict(False, {"foreground": 0.02}, ("foreground",)), "2" * 64),
    )


def publish_next(catalog: Catalog, product_id: str = "flange", references: tuple[ReferenceEntry, ...] = ()) -> int:
    pointer = catalog.pointer(product_id)
    return catalog.publish(product_id, manifest(pointer.latest + 1, references), pointer).latest


def register(catalog: Catalog, blobs: Blobs, product_id: str, upload: bytes, segment_bytes: int = 0) -> int:
    """Add a reference to the bank that serves, again and again until no other writer comes between. The new version."""
    blobs.put(product_id, "references", upload)
    blobs.put(product_id, "segments", segment(upload, segment_bytes))
    while True:
        pointer = catalog.pointer(product_id)
        known = () if pointer.active is None else catalog.manifest(product_id, pointer.active).references
        following = replace(manifest(pointer.latest + 1), references=(*known[-99:], reference(upload, segment_bytes)))
        try:
            return catalog.publish(product_id, following, pointer).latest
        except StaleRevision:
            continue


def is_stored(blobs: Blobs, product_id: str, kind: BlobKind, digest: str) -> bool:
    try:
        blobs.get(product_id, kind, digest)
    except BlobMissing:
        return False
    return True
