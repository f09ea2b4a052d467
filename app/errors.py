"""The errors of the service, one tree. Messages tell the reader what to do next; nothing here knows an HTTP status.

InspectorError
├── ConfigurationError            a setting or an installed file is wrong; the start is refused
│   └── UnknownBackbone, WeightsUnavailable (a file is missing, incomplete or not the registered one)
├── Unauthenticated, Forbidden    no key that is known here; one that is, but not for this
├── InvalidRequest                the caller sent something that can never succeed as it is
│   ├── InvalidProductId, InvalidSettings, UnsupportedImageType, UnsupportedBodyType (where JSON is asked for)
│   ├── UnfitReference            blurred, dark or another size than the others, where that is to be refused
│   ├── ImageUndecodable, and below it ImageTruncated
│   ├── ImageTooSmall, ImageTooLarge, BodyTooLarge, TooManyImages, TooMuchAsked, BankTooLarge
│   └── RequestTimeout (the body did not come in time), MethodNotAllowed, NotAcceptable
├── InvalidDataset                a folder to evaluate is not laid out as it must be, or a file in it cannot be read
├── NotFound
│   ├── ProductNotFound, ReferenceNotFound, BankNotFound, CalibrationImageNotFound
│   └── InspectionNotFound, PictureNotFound, JobNotFound, HeatmapNotFound
├── Conflict                      right in itself, but not in the present state
│   ├── NoReferences, BackboneMismatch, BankDamaged, RecordsOff, PreconditionFailed
│   ├── ProductDamaged            the settings of a product are lost; they must be sent again
│   └── StaleRevision             a compare-and-set lost its race; the service retries it
├── StorageError                  what was stored is not what is found: BlobMissing, BlobDamaged
├── DeadlineExceeded              the caller's own time had passed before the work began
└── Unavailable                   try again later; carries `retry_after_s`
    ├── Overloaded, NotReady, Draining
    ├── StorageUnavailable, and below it StorageOutdated: Redis and the volume do not belong together
    └── StorageFull, GpuOutOfMemory
"""


class InspectorError(Exception):
    """Root of the tree. `code` is the stable, machine-readable name of the error."""

    code = "internal-error"

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.limit = limit


class ConfigurationError(InspectorError):
    code = "configuration"


class UnknownBackbone(ConfigurationError):
    code = "unknown-backbone"


class WeightsUnavailable(ConfigurationError):
    code = "weights-unavailable"


class Unauthenticated(InspectorError):
    code = "unauthenticated"


class Forbidden(InspectorError):
    code = "forbidden"


class InvalidRequest(InspectorError):
    code = "invalid-request"


class InvalidProductId(InvalidRequest):
    code = "invalid-product-id"


class InvalidSettings(InvalidRequest):
    code = "invalid-settings"


class UnfitReference(InvalidRequest):
    code = "unfit-reference"


class UnsupportedImageType(InvalidRequest):
    code = "unsupported-image-type"


class UnsupportedBodyType(InvalidRequest):
    code = "unsupported-body-type"


class ImageUndecodable(InvalidRequest):
    code = "image-undecodable"


class ImageTruncated(ImageUndecodable):
    code = "image-truncated"


class ImageTooSmall(InvalidRequest):
    code = "image-too-small"


class ImageTooLarge(InvalidRequest):
    code = "image-too-large"


class BodyTooLarge(InvalidRequest):
    code = "body-too-large"


class TooManyImages(InvalidRequest):
    code = "too-many-images"


class TooMuchAsked(InvalidRequest):
    code = "too-much"


class BankTooLarge(InvalidRequest):
    code = "bank-too-large"


class RequestTimeout(InvalidRequest):
    code = "request-timeout"


class MethodNotAllowed(InvalidRequest):
    code = "method-not-allowed"


class NotAcceptable(InvalidRequest):
    code = "not-acceptable"


class InvalidDataset(InspectorError):
    code = "invalid-dataset"


class NotFound(InspectorError):
    code = "not-found"


class ProductNotFound(NotFound):
    code = "product-not-found"


class ReferenceNotFound(NotFound):
    code = "reference-not-found"


class BankNotFound(NotFound):
    code = "bank-not-found"


class CalibrationImageNotFound(NotFound):
    code = "calibration-image-not-found"


class InspectionNotFound(NotFound):
    code = "inspection-not-found"


class PictureNotFound(NotFound):
    code = "picture-not-found"


class JobNotFound(NotFound):
    code = "job-not-found"


class HeatmapNotFound(NotFound):
    code = "heatmap-not-found"


class Conflict(InspectorError):
    code = "conflict"


class NoReferences(Conflict):
    code = "no-references"


class BackboneMismatch(Conflict):
    code = "backbone-mismatch"


class BankDamaged(Conflict):
    code = "bank-damaged"


class ProductDamaged(Conflict):
    code = "product-damaged"


class RecordsOff(Conflict):
    code = "records-off"


class PreconditionFailed(Conflict):
    code = "precondition-failed"


class StaleRevision(Conflict):
    code = "stale-revision"


class StorageError(InspectorError):
    code = "storage-error"


class BlobMissing(StorageError):
    code = "blob-missing"


class BlobDamaged(StorageError):
    code = "blob-damaged"


class Unavailable(InspectorError):
    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Overloaded(Unavailable):
    code = "overloaded"


class NotReady(Unavailable):
    code = "not-ready"


class Draining(Unavailable):
    code = "draining"


class StorageUnavailable(Unavailable):
    code = "storage-unavailable"


class StorageOutdated(StorageUnavailable):
    code = "storage-outdated"


class StorageFull(Unavailable):
    code = "storage-full"


class GpuOutOfMemory(Unavailable):
    code = "gpu-out-of-memory"


class DeadlineExceeded(InspectorError):
    code = "deadline-exceeded"
