"""/products/{product_id}/masking: the masking test's verdict, numbers and preview."""

from fastapi import APIRouter, Response

from app.api.accept import JSON, PNG, preferred
from app.api.authorisation import READ, REGISTER
from app.api.deps import Accept, LanesDep, ProductId, ServiceDep
from app.api.middleware.changes import CHANGE
from app.api.schemas.masking import MaskingBody
from app.api.schemas.problem import problems
from app.errors import InvalidProductId, NoReferences, NotAcceptable, Overloaded, ProductNotFound

router = APIRouter(prefix="/products/{product_id}/masking", tags=["masking"])


@router.get(
    "",
    dependencies=[READ],
    response_model=MaskingBody,
    responses=problems(InvalidProductId, ProductNotFound, NoReferences, NotAcceptable, Overloaded)
    | {200: {"content": {PNG: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def read_masking(
    product_id: ProductId, response: Response, service: ServiceDep, lanes: LanesDep, accept: Accept = None
) -> Response | MaskingBody:
    """What the masking test found, or with `Accept: image/png` the preview of the foreground mask."""
    if preferred(accept, (JSON, PNG)) == PNG:
        preview = await lanes.admin.call(service.masking.preview, product_id)
        return Response(preview, media_type=PNG, headers={"Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return MaskingBody.of(product_id, await lanes.admin.call(service.masking.view, product_id))


@router.post(
    "", dependencies=[REGISTER, CHANGE], responses=problems(InvalidProductId, ProductNotFound, NoReferences, Overloaded)
)
async def test_masking(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> MaskingBody:
    """Run the masking test again. What it decides is overridden by the product's setting `masking`."""
    return MaskingBody.of(product_id, await lanes.registration.call(service.masking.test, product_id))
