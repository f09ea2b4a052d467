"""/products/{product_id}/banks: versions, rebuild, rollback."""

from fastapi import APIRouter, Request, Response

from app.api.authorisation import READ, REGISTER
from app.api.deps import BankVersion, LanesDep, ProductId, ServiceDep
from app.api.middleware.changes import CHANGE
from app.api.schemas.banks import BankBody, BankList, BankSummary
from app.api.schemas.problem import problems
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    BankNotFound,
    InvalidProductId,
    NoReferences,
    Overloaded,
    ProductNotFound,
)
from app.storage.documents import BankManifest

router = APIRouter(prefix="/products/{product_id}/banks", tags=["banks"])


@router.get("", dependencies=[READ], responses=problems(InvalidProductId, ProductNotFound, Overloaded))
async def list_banks(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> BankList:
    """The kept versions of the memory bank, newest first, and which one serves."""
    manifests, active = await lanes.admin.call(service.banks.manifests, product_id)
    banks = [BankSummary.of(product_id, manifest) for manifest in manifests]
    return BankList(product_id=product_id, active=active, banks=banks)


@router.post(
    "",
    status_code=201,
    dependencies=[REGISTER, CHANGE],
    responses=problems(InvalidProductId, ProductNotFound, NoReferences, BankDamaged, Overloaded),
)
async def rebuild_bank(
    product_id: ProductId, request: Request, response: Response, service: ServiceDep, lanes: LanesDep
) -> BankBody:
    """Make every reference's patch features again, with the settings and the backbone of now."""
    manifest = await lanes.registration.call(service.banks.rebuild, product_id)
    response.headers["Location"] = f"{request.scope['path']}/{manifest.version}"
    return _tagged(product_id, manifest, response)


@router.get(
    "/{version}", dependencies=[READ], responses=problems(InvalidProductId, ProductNotFound, BankNotFound, Overloaded)
)
async def read_bank(
    product_id: ProductId, version: BankVersion, response: Response, service: ServiceDep, lanes: LanesDep
) -> BankBody:
    """One version of the memory bank and its references."""
    return _tagged(product_id, await lanes.admin.call(service.banks.manifest, product_id, version), response)


@router.post(
    "/{version}/activate",
    dependencies=[REGISTER, CHANGE],
    responses=problems(InvalidProductId, ProductNotFound, BankNotFound, BackboneMismatch, BankDamaged, Overloaded),
)
async def activate_bank(
    product_id: ProductId, version: BankVersion, response: Response, service: ServiceDep, lanes: LanesDep
) -> BankBody:
    """Let this version serve (rollback)."""
    return _tagged(product_id, await lanes.registration.call(service.banks.activate, product_id, version), response)


def _tagged(product_id: str, manifest: BankManifest, response: Response) -> BankBody:
    response.headers["ETag"] = f'"bank-{manifest.version}"'
    return BankBody.of(product_id, manifest)
