"""/ui/history: what was inspected, and what people say of it."""

from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.api.accept import PNG
from app.api.deps import InspectionId, LanesDep, ServiceDep, SettingsDep
from app.api.routes.records import CSV
from app.api.schemas.feedback import FeedbackGiven
from app.api.schemas.heatmaps import HeatmapQuery
from app.api.schemas.records import RecordPageQuery, RecordsQuery, csv_lines, next_cursor
from app.errors import PictureNotFound
from app.keys.api_key import Scope
from app.service.service import Service
from app.service.verdicts.verdict import Flag, Likeness, Verdict
from app.storage.records.feedback import Feedback
from app.storage.records.finding import Wanted
from app.storage.records.record import MOST_ID, InspectionRecord, Truth, microseconds, moment
from app.web.access.forms import form_of
from app.web.access.sessions import Session
from app.web.access.visitor import FEEDBACK, READ_RECORDS, VisitorDep, require_product
from app.web.pages.history.asked import asked, field_value, filled_in
from app.web.rendering.pages import Entry
from app.web.rendering.photographs import shown
from app.web.routes import PageRoute, PagesDep, to_page

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("history", "History", frozenset({Scope.INSPECT, Scope.REGISTER, Scope.FEEDBACK}))
PER_PAGE = 50
THUMBNAIL_PX, PHOTOGRAPH_PX = 96, 1600
CHOICES = {"verdict": get_args(Verdict), "flag": get_args(Flag), "truth": (*get_args(Truth), "none")}


@router.get("/history", dependencies=[READ_RECORDS])
async def history_page(
    request: Request, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Inspections, the newest first, as the filter in the query says."""
    query = asked(request, RecordPageQuery)
    page = await lanes.admin.call(service.records.page, _wanted(query, session), PER_PAGE, query.cursor)
    chosen = {name: value for name, value in filled_in(request.query_params).items() if name not in ("cursor", "limit")}
    following = next_cursor(page.next)
    return pages.page(
        request,
        "history/history.html",
        records=page.records,
        chosen_filter=chosen,
        moments={"from": field_value(query.from_), "to": field_value(query.to)},
        choices=CHOICES,
        filter_query=urlencode(chosen),
        here_query=urlencode(filled_in(request.query_params)),
        following=following and urlencode(chosen | {"cursor": following}),
        is_first=query.cursor is None,
        may_judge=session.caller.has_one_of({Scope.FEEDBACK}),
    )


@router.get("/history.csv", dependencies=[READ_RECORDS])
async def export_history(request: Request, session: VisitorDep, service: ServiceDep, lanes: LanesDep) -> Response:
    """All that the filter finds, as the API exports it."""
    every = service.records.every(_wanted(asked(request, RecordsQuery), session))
    # The first of them before the answer begins: what fails later can only cut it off.
    first = await lanes.admin.call(lambda: [*islice(every, 1)])
    headers = {"Content-Disposition": 'attachment; filename="inspections.csv"'}
    return StreamingResponse(csv_lines(chain(first, every)), media_type=CSV, headers=headers)


@router.get("/history/{inspection_id}", dependencies=[READ_RECORDS])
async def inspection_page(
    inspection_id: InspectionId,
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """One inspection as it was answered, its pictures, and all that was said of it since."""
    caller = session.caller
    record = await lanes.admin.call(service.records.one, inspection_id, caller.products)
    return pages.page(
        request,
        "history/inspection.html",
        record=record,
        details=record.details,
        likeness=[Likeness(**each) for each in record.details.get("likeness", ())],
        no_picture=await lanes.admin.call(_why_not_shown, service, record),
        moment=moment,
        feedback=await lanes.admin.call(service.feedback.of, inspection_id),
        may_judge=caller.has_one_of({Scope.FEEDBACK}),
        may_see_product=caller.has_one_of({Scope.INSPECT, Scope.REGISTER}),
    )


@router.post("/history/{inspection_id}/feedback", dependencies=[FEEDBACK])
async def give_feedback(
    inspection_id: InspectionId,
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """Say whether an inspected part is good or bad, in the name of the key."""
    form = await form_of(request, session)
    given = FeedbackGiven.model_validate(
        {"truth": form["truth"], "comment": form.get("comment"), "by": _name(session.caller.label)}
    )
    said = Feedback(
        truth=given.truth,
        at_us=microseconds(datetime.now(UTC)),
        comment=given.comment,
        by=given.by,
        key_name=session.caller.label[:MOST_ID],
        request_id=request.state.request_id,
    )
    await lanes.admin.call(service.feedback.give, inspection_id, said, session.caller.products)
    back = form.fields.get("back")
    here = f"history/{inspection_id}" if back is None else f"history?{back}#row-{inspection_id}"
    return to_page(pages, here)


@router.get("/history/{inspection_id}/photograph", dependencies=[READ_RECORDS])
async def inspected_photograph(
    inspection_id: InspectionId, session: VisitorDep, service: ServiceDep, lanes: LanesDep, settings: SettingsDep
) -> Response:
    """The photograph, as every browser can show it."""
    kept = await lanes.admin.call(service.pictures.photograph, inspection_id, session.caller.products)
    jpeg = await lanes.admin.call(shown, kept.data, settings.max_image_pixels, PHOTOGRAPH_PX)
    return Response(jpeg, media_type="image/jpeg")


@router.get("/history/{inspection_id}/heatmap.png", dependencies=[READ_RECORDS])
async def inspected_heatmap(
    inspection_id: InspectionId,
    query: Annotated[HeatmapQuery, Query()],
    session: VisitorDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """The heatmap in any style and size."""
    products = session.caller.products
    drawn = await lanes.admin.call(service.pictures.heatmap, inspection_id, query.style, query.size, products)
    return Response(drawn.png, media_type=PNG)


@router.get("/history/{inspection_id}/thumbnail.png", dependencies=[READ_RECORDS])
async def thumbnail(inspection_id: InspectionId, session: VisitorDep, service: ServiceDep, lanes: LanesDep) -> Response:
    """A small heatmap over the photograph."""
    products = session.caller.products
    drawn = await lanes.admin.call(service.pictures.heatmap, inspection_id, "overlay", THUMBNAIL_PX, products)
    return Response(drawn.png, media_type=PNG)


def _wanted(query: RecordsQuery, session: Session) -> Wanted:
    """Forbidden where the visitor's key is not for the product that is asked for."""
    if query.product_id:
        require_product(session, query.product_id)
    return query.wanted(session.caller.products)


def _why_not_shown(service: Service, record: InspectionRecord) -> str | None:
    """Why there is no picture; None where there is one."""
    try:
        service.pictures.photograph(record.inspection_id)
    except PictureNotFound as error:
        return error.message
    return None


def _name(label: str) -> str | None:
    """Of a key, without its id; None where none is asked for."""
    return label.rpartition("/")[0] or None
