"""/ui/products/{product_id}: references, masking, deletion."""

from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from app.api.accept import PNG
from app.api.deps import Sha256
from app.api.middleware.changes import CHANGE
from app.errors import BankDamaged
from app.storage.documents import ReferenceEntry
from app.web.access.visitor import ADMIN, LOOK, REGISTER
from app.web.pages.product.subject import SubjectDep
from app.web.rendering.photographs import PictureQuery
from app.web.routes import PageRoute

router = APIRouter(route_class=PageRoute, prefix="/products/{product_id}")


class FindingsQuery(BaseModel):
    """Whether to compare references pair by pair, too, which takes seconds."""

    coverage: Literal["on", "off"] = "off"


@router.get("", dependencies=[LOOK])
async def product_page(subject: SubjectDep) -> Response:
    """The product, its references for those who may see them, and what the masking test found."""
    entries: tuple[ReferenceEntry, ...] = ()
    if subject.may_register:
        with suppress(BankDamaged):  # which the head tells, with what to do
            entries = await subject.lanes.admin.call(subject.service.references.entries, subject.product_id)
    return await subject.page("product/product.html", "", references=entries, limits=subject.settings)


@router.post("/references", dependencies=[REGISTER, CHANGE])
async def add_references(subject: SubjectDep) -> Response:
    """Register photographs of good parts."""
    lane = subject.lanes.registration
    with lane.admitted():
        form = await subject.form()
        await lane.run(subject.service.references.add, subject.product_id, form.files)
    return subject.back()


@router.get("/references/{sha256}", dependencies=[REGISTER])
async def reference_picture(subject: SubjectDep, sha256: Sha256, query: Annotated[PictureQuery, Query()]) -> Response:
    """A reference, small enough to be shown."""
    return await subject.picture(subject.service.references.image, sha256, query.size)


@router.post("/references/{sha256}/remove", dependencies=[REGISTER, CHANGE])
async def remove_reference(subject: SubjectDep, sha256: Sha256) -> Response:
    """Make a bank version without this reference."""
    await subject.form()
    await subject.lanes.registration.call(subject.service.references.remove, subject.product_id, sha256)
    return subject.back()


@router.get("/findings", dependencies=[REGISTER])
async def findings_page(subject: SubjectDep, query: Annotated[FindingsQuery, Query()]) -> Response:
    """What may be wrong with the references, and whether more would help."""
    hygiene, lane = subject.service.hygiene, subject.lanes.registration
    quality = None
    if query.coverage == "on":
        quality = await lane.call(hygiene.quality, subject.product_id)
    findings = quality.findings if quality else await lane.call(hygiene.findings, subject.product_id)
    entries = await subject.lanes.admin.call(subject.service.references.entries, subject.product_id)
    adds_least = None
    if quality and quality.coverage:
        adds_least = list(quality.adds)[quality.coverage.adds_least]
    return await subject.page(
        "product/findings.html", "", findings=findings, quality=quality, adds_least=adds_least,
        names={entry.sha256: entry.filename or entry.sha256[:12] for entry in entries},
    )  # fmt: skip


@router.get("/masking.png", dependencies=[LOOK])
async def masking_preview(subject: SubjectDep) -> Response:
    """What the masking test took for the part."""
    preview = await subject.lanes.admin.call(subject.service.masking.preview, subject.product_id)
    return Response(preview, media_type=PNG)


@router.post("/masking", dependencies=[REGISTER, CHANGE])
async def test_masking(subject: SubjectDep) -> Response:
    """Run the masking test again."""
    await subject.form()
    await subject.lanes.registration.call(subject.service.masking.test, subject.product_id)
    return subject.back()


@router.post("/delete", dependencies=[ADMIN, CHANGE])
async def delete_product(subject: SubjectDep) -> Response:
    """Delete the product; it can be restored for a day."""
    form = await subject.form()
    forget = form.get("records") == "delete"
    await subject.lanes.admin.call(subject.service.deletion.delete, subject.product_id, forget=forget)
    return subject.back("deleted")


@router.get("/deleted", dependencies=[ADMIN])
async def deleted_page(subject: SubjectDep) -> Response:
    """Tells that the product was deleted, and how it comes back."""
    return subject.pages.page(subject.request, "product/deleted.html", product_id=subject.product_id)


@router.post("/restore", dependencies=[ADMIN, CHANGE])
async def restore_product(subject: SubjectDep) -> Response:
    """Undo the last deletion of this id."""
    await subject.form()
    await subject.lanes.admin.call(subject.service.deletion.restore, subject.product_id)
    return subject.back()
