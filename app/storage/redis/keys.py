"""Every key in Redis, and the one channel.

    inspector:store                         the record of the store                        document
    inspector:products                      id in lower case → id                          hash
    inspector:birth:{id}                    random; tells a product from one that had its id before
    inspector:product:{id}                  settings                                       document
    inspector:pointer:{id}                  which bank version serves                      document
    inspector:banks:{id}                    version → manifest                             hash of documents
    inspector:blob:{birth}:{kind}:{sha256}  an upload, a segment or a preview
    inspector:blobs:{birth}:{kind}          sha256, ordered by when it was stored (Unix s) sorted set
    inspector:deleted                       {id}:{birth}, ordered by when it was deleted (ms)  sorted set
    inspector:deleted:{birth}:{key}         a document of a deleted product, until it is restored or a day has passed
    inspector:job:{job}                     a job; gone a day after its last change         document
    inspector:job-heatmaps:{job}            index → heatmap (PNG); goes with its job       hash
    inspector:quarantine:{key}:{random}     a damaged document or blob, kept for whoever can save it

    inspector:changes                       channel: the id of a product that has changed; empty: the whole store

Ids and digests hold no colon. A document is JSON with its checksum (`documents_json`). Blobs lie under the birth of
their product, so that those of a deleted product can go slowly while a new one has its id. Channels do not know the
number of a database: another installation in the same Redis only makes this one read once more than it need.
"""

from uuid import uuid4

from app.storage.documents import BlobKind
from app.storage.jobs import checked_job_id
from app.storage.product_id import checked_product_id

STORE = "inspector:store"
PRODUCTS = "inspector:products"
DELETED = "inspector:deleted"
CHANGES = "inspector:changes"
ALL_BLOBS = "inspector:blob*:*"
"""Pattern of the blobs and of the sorted sets that list them."""


def folded(product_id: str) -> str:
    """The field of a product among `PRODUCTS`. InvalidProductId."""
    return checked_product_id(product_id).lower()


def birth(product_id: str) -> str:
    return f"inspector:birth:{checked_product_id(product_id)}"


def product(product_id: str) -> str:
    return f"inspector:product:{checked_product_id(product_id)}"


def pointer(product_id: str) -> str:
    return f"inspector:pointer:{checked_product_id(product_id)}"


def banks(product_id: str) -> str:
    return f"inspector:banks:{checked_product_id(product_id)}"


def put_aside(key: str, birth: str) -> str:
    """Where a document of a deleted product lies."""
    return f"inspector:deleted:{birth}:{key.removeprefix('inspector:')}"


def blob(birth: str, kind: BlobKind, digest: str) -> str:
    return f"inspector:blob:{birth}:{kind}:{digest}"


def blobs(birth: str, kind: BlobKind) -> str:
    return f"inspector:blobs:{birth}:{kind}"


def birth_of(blob_key: str) -> str:
    """The birth in a key that fits `ALL_BLOBS`."""
    return blob_key.split(":")[2]


def job(job_id: str) -> str:
    """JobNotFound for what is no id of a job."""
    return f"inspector:job:{checked_job_id(job_id)}"


def job_heatmaps(job_id: str) -> str:
    return f"inspector:job-heatmaps:{checked_job_id(job_id)}"


def new_quarantine(key: str) -> str:
    return f"inspector:quarantine:{key.removeprefix('inspector:')}:{uuid4().hex[:12]}"
