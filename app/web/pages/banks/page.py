"""/ui/products/{product_id}/banks: versions of the memory bank, what changed, going back."""

from fastapi import APIRouter, Response

from app.api.deps import BankVersion
from app.api.middleware.changes import CHANGE
from app.web.access.visitor import LOOK, REGISTER
from app.web.pages.banks.difference import differences
from app.web.pages.product.subject import SubjectDep
from app.web.routes import PageRoute

router = APIRouter(route_class=PageRoute, prefix="/products/{product_id}/banks")


@router.get("", dependencies=[LOOK])
async def banks_page(subject: SubjectDep) -> Response:
    """The kept versions, newest first, and which one serves."""
    manifests, active = await subject.lanes.admin.call(subject.service.banks.manifests, subject.product_id)
    return await subject.page(
        "banks/banks.html", "banks", banks=manifests, active=active, differences=differences(manifests)
    )


@router.post("", dependencies=[REGISTER, CHANGE])
async def rebuild_bank(subject: SubjectDep) -> Response:
    """Look at every reference again, with the settings and the backbone of now."""
    await subject.form()
    await subject.lanes.registration.call(subject.service.banks.rebuild, subject.product_id)
    return subject.back("banks")


@router.post("/{version}/activate", dependencies=[REGISTER, CHANGE])
async def activate_bank(subject: SubjectDep, version: BankVersion) -> Response:
    """Let this version serve (rollback)."""
    await subject.form()
    await subject.lanes.registration.call(subject.service.banks.activate, subject.product_id, version)
    return subject.back("banks")
