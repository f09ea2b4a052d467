"""/products/{product_id}/calibration: held-out images that set the threshold."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.authorisation import REGISTER
from app.api.deps import LanesDep, ProductId, ServiceDep, SettingsDep, checked_digest
from app.api.middleware.changes import CHANGE
from app.api.schemas.calibration import CalibrationBody
from app.api.schemas.problem import problems
from app.api.uploads import image_request_body, many_images
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    BodyTooLarge,
    CalibrationImageNotFound,
    Conflict,
    GpuOutOfMemory,
    ImageTooLarge,
    ImageTooSmall,
    ImageTruncated,
    ImageUndecodable,
    InvalidProductId,
    NoReferences,
    Overloaded,
    ProductNotFound,
    RequestTimeout,
    StorageFull,
    StorageUnavailable,
    TooManyImages,
    UnsupportedImageType,
)

router = APIRouter(prefix="/products/{product_id}/calibration", tags=["calibration"])

OF_THE_BANK = (InvalidProductId, ProductNotFound, BankDamaged, BackboneMismatch, Overloaded, StorageUnavailable)


class ImagesQuery(BaseModel):
    """What a person says of the images that are sent."""

    is_good: bool = Field(description="Good ones set the threshold; of bad ones is told how many it finds.")


class Confirmation(BaseModel):
    """What a person says of an image."""

    model_config = ConfigDict(extra="forbid", strict=True)

    is_good: bool


def _image_id(sha256: Annotated[str, Path(description="SHA-256 of the file as uploaded, in hex.")]) -> str:
    try:
        return checked_digest(sha256)
    except ValueError as error:
        raise CalibrationImageNotFound(str(error)) from error


ImageId = Annotated[str, Depends(_image_id)]


@router.get("", dependencies=[REGISTER], responses=problems(*OF_THE_BANK))
async def read_calibration(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> CalibrationBody:
    """What sets the threshold, what is promised of it, and the calibration images with their scores."""
    return CalibrationBody.of(await lanes.admin.call(service.calibration.view, product_id))


@router.post(
    "", dependencies=[REGISTER, CHANGE], responses=problems(*OF_THE_BANK, NoReferences, StorageFull, GpuOutOfMemory)
)
async def measure_calibration(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> CalibrationBody:
    """Measure the calibration images in the bank that serves now. After a change of the bank this is done by itself."""
    return CalibrationBody.of(await lanes.registration.call(service.calibration.measure, product_id))


@router.post(
    "/images",
    dependencies=[REGISTER, CHANGE],
    openapi_extra=image_request_body("images", many=True),
    responses=problems(
        *OF_THE_BANK, NoReferences, Conflict, UnsupportedImageType, ImageUndecodable, ImageTruncated, ImageTooSmall,
        ImageTooLarge, BodyTooLarge, TooManyImages, RequestTimeout, GpuOutOfMemory, StorageFull,
    ),
)  # fmt: skip
async def add_images(
    product_id: ProductId,
    request: Request,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
    query: Annotated[ImagesQuery, Query()],
) -> CalibrationBody:
    """Add photographs that are not references, one raw body or many form fields `images`. Twice changes nothing."""
    with lanes.registration.admitted():
        uploads = await many_images(request, settings.max_images_per_request)
        view = await lanes.registration.run(service.calibration.add, product_id, uploads, is_good=query.is_good)
    return CalibrationBody.of(view)


@router.delete("/images", dependencies=[REGISTER, CHANGE], responses=problems(*OF_THE_BANK, StorageFull))
async def remove_images(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> CalibrationBody:
    """Remove every calibration image."""
    return CalibrationBody.of(await lanes.registration.call(service.calibration.remove, product_id, None))


@router.put(
    "/images/{sha256}",
    dependencies=[REGISTER, CHANGE],
    responses=problems(*OF_THE_BANK, NoReferences, CalibrationImageNotFound, Conflict, StorageFull, GpuOutOfMemory),
)
async def confirm_image(
    product_id: ProductId, sha256: ImageId, said: Confirmation, service: ServiceDep, lanes: LanesDep
) -> CalibrationBody:
    """Call an image good or bad that was inspected while commissioning, or that is in the set."""
    view = await lanes.registration.call(service.calibration.confirm, product_id, sha256, is_good=said.is_good)
    return CalibrationBody.of(view)


@router.get(
    "/images/{sha256}",
    dependencies=[REGISTER],
    response_class=Response,
    responses=problems(InvalidProductId, ProductNotFound, CalibrationImageNotFound, Overloaded),
)
async def read_image(product_id: ProductId, sha256: ImageId, service: ServiceDep, lanes: LanesDep) -> Response:
    """A calibration image as uploaded."""
    image, media_type = await lanes.admin.call(service.calibration.image, product_id, sha256)
    return Response(image, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})


@router.delete(
    "/images/{sha256}",
    dependencies=[REGISTER, CHANGE],
    responses=problems(*OF_THE_BANK, CalibrationImageNotFound, StorageFull),
)
async def remove_image(product_id: ProductId, sha256: ImageId, service: ServiceDep, lanes: LanesDep) -> CalibrationBody:
    """Remove one calibration image."""
    return CalibrationBody.of(await lanes.registration.call(service.calibration.remove, product_id, sha256))
