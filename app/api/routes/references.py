"""/products/{product_id}/references: add, list, read, remove."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.api.accept import JSON, preferred
from app.api.authorisation import REGISTER
from app.api.deps import Accept, LanesDep, ProductId, ServiceDep, SettingsDep, Sha256
from app.api.middleware.changes import CHANGE
from app.api.schemas.problem import problems
from app.api.schemas.quality import QualityBody, RegistrationQuery, TrimmedBody, TrimQuery
from app.api.schemas.references import ReferenceBody, ReferenceList, RegisteredBody, RemovedReference
from app.api.uploads import image_request_body, many_images
from app.engine.photograph.image_file import MEDIA_TYPES
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    BodyTooLarge,
    Conflict,
    GpuOutOfMemory,
    ImageTooLarge,
    ImageTooSmall,
    ImageTruncated,
    ImageUndecodable,
    InvalidProductId,
    NoReferences,
    NotAcceptable,
    Overloaded,
    ProductNotFound,
    ReferenceNotFound,
    RequestTimeout,
    StorageFull,
    StorageUnavailable,
    TooManyImages,
    UnfitReference,
    UnsupportedImageType,
)

router = APIRouter(prefix="/products/{product_id}/references", tags=["references"])

IMAGES_OR_JSON: dict[str, Any] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()
}


@router.post(
    "",
    status_code=201,
    dependencies=[REGISTER, CHANGE],
    openapi_extra=image_request_body("images", many=True),
    responses=problems(
        InvalidProductId, ProductNotFound, UnfitReference, Conflict, UnsupportedImageType, ImageUndecodable,
        ImageTruncated, ImageTooSmall,
        ImageTooLarge, BodyTooLarge, TooManyImages, RequestTimeout, BackboneMismatch, Overloaded, GpuOutOfMemory,
        StorageUnavailable, StorageFull,
    )
    | {200: {"model": RegisteredBody, "description": "Every image was already a reference"}},
)  # fmt: skip
async def add_references(
    product_id: ProductId,
    request: Request,
    response: Response,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
    query: Annotated[RegistrationQuery, Query()],
) -> RegisteredBody:
    """Register good images: one raw body or many form fields `images`. Sending one again changes nothing."""
    with lanes.registration.admitted():
        uploads = await many_images(request, settings.max_images_per_request)
        registered = await lanes.registration.run(
            service.references.add, product_id, uploads, refuse_unfit=query.unfit == "refuse"
        )
    if set(registered.received) <= registered.already_present:
        response.status_code = 200
    else:
        product_path = request.scope["path"].removesuffix("/references")
        response.headers["Location"] = f"{product_path}/banks/{registered.manifest.version}"
    return RegisteredBody.of(registered)


@router.get("", dependencies=[REGISTER], responses=problems(InvalidProductId, ProductNotFound, Overloaded))
async def list_references(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> ReferenceList:
    """The references of the active bank."""
    entries = await lanes.admin.call(service.references.entries, product_id)
    return ReferenceList(product_id=product_id, references=[ReferenceBody.of(entry) for entry in entries])


@router.get(
    "/quality",
    dependencies=[REGISTER],
    responses=problems(InvalidProductId, ProductNotFound, NoReferences, BankDamaged, Overloaded, StorageUnavailable),
)
async def read_quality(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> QualityBody:
    """Whether the references are fit to be references, which adds least, and whether more would help: takes seconds."""
    return QualityBody.of(product_id, await lanes.registration.call(service.hygiene.quality, product_id))


@router.post(
    "/trim",
    dependencies=[REGISTER, CHANGE],
    responses=problems(
        InvalidProductId, ProductNotFound, NoReferences, BankDamaged, Overloaded, StorageUnavailable, StorageFull
    ),
)
async def trim_references(
    product_id: ProductId,
    service: ServiceDep,
    lanes: LanesDep,
    query: Annotated[TrimQuery, Query()],
) -> TrimmedBody:
    """Leave the oddest references out, of a set that is known to hold bad parts: a new bank version."""
    trimmed = await lanes.registration.call(service.hygiene.trim, product_id, query.share, dry_run=query.dry_run)
    return TrimmedBody.of(product_id, trimmed)


@router.get(
    "/{sha256}",
    dependencies=[REGISTER],
    response_model=ReferenceBody,
    responses=problems(InvalidProductId, ProductNotFound, ReferenceNotFound, NotAcceptable, Overloaded)
    | {200: {"content": IMAGES_OR_JSON}},
)
async def read_reference(
    product_id: ProductId,
    sha256: Sha256,
    service: ServiceDep,
    lanes: LanesDep,
    response: Response,
    accept: Accept = None,
) -> Response | ReferenceBody:
    """A reference in JSON, or the image as uploaded where `Accept` prefers its media type."""
    entry = await lanes.admin.call(service.references.entry, product_id, sha256)
    if preferred(accept, (JSON, entry.media_type)) == JSON:
        response.headers["Vary"] = "Accept"
        return ReferenceBody.of(entry)
    image, media_type = await lanes.admin.call(service.references.image, product_id, sha256)
    return Response(image, media_type=media_type, headers={"Vary": "Accept", "X-Content-Type-Options": "nosniff"})


@router.delete(
    "/{sha256}",
    dependencies=[REGISTER, CHANGE],
    responses=problems(InvalidProductId, ProductNotFound, ReferenceNotFound, Overloaded),
)
async def remove_reference(
    product_id: ProductId, sha256: Sha256, service: ServiceDep, lanes: LanesDep
) -> RemovedReference:
    """Make a bank version without this reference."""
    manifest = await lanes.registration.call(service.references.remove, product_id, sha256)
    return RemovedReference.of(product_id, sha256, manifest)
