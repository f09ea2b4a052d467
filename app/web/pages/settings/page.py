"""/ui/products/{product_id}/settings: what can be chosen for a product, and what a change costs."""

from typing import get_args

from fastapi import APIRouter, Response

from app.api.middleware.changes import CHANGE
from app.api.schemas.products import ProductChange
from app.engine.options import KeepPictures, LayersJoin, Masking, MethodName, Profile, Rotation, StatisticName
from app.errors import InvalidRequest
from app.service.products.settings import UNSET
from app.web.access.visitor import ADMIN, LOOK
from app.web.pages.product.subject import SubjectDep
from app.web.pages.settings.given import changed_settings
from app.web.routes import PageRoute

router = APIRouter(route_class=PageRoute, prefix="/products/{product_id}/settings")

CHOICES = {
    "method": get_args(MethodName),
    "rotation": get_args(Rotation),
    "masking": get_args(Masking),
    "profile": get_args(Profile),
    "statistic": get_args(StatisticName),
    "layers_join": get_args(LayersJoin),
    "keep_pictures": get_args(KeepPictures),
}
BACK = {"", "settings", "calibration"}
"""The pages of a product that change settings."""


@router.get("", dependencies=[LOOK])
async def settings_page(subject: SubjectDep) -> Response:
    """Every setting, with what a change costs."""
    return await subject.page("settings/settings.html", "settings", choices=CHOICES)


@router.post("", dependencies=[ADMIN, CHANGE])
async def change_product(subject: SubjectDep) -> Response:
    """Change what the form gives another value, if nobody else has changed the product since the form was shown."""
    form = await subject.form()
    if not form["revision"].isdecimal():
        raise InvalidRequest("The form does not say what it changes. Load the page again.")
    view = await subject.lanes.admin.call(subject.service.products.view, subject.product_id)
    name = ProductChange(display_name=form.get("display_name")).display_name
    await subject.lanes.registration.call(
        subject.service.products.change,
        subject.product_id,
        changed_settings(form.fields, view.product.settings) or None,
        name if "display_name" in form.fields else UNSET,
        None,
        int(form["revision"]),
    )
    back = form.get("back") or ""
    return subject.back(back if back in BACK else "settings")
