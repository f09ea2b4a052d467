"""/ui/system: how the service is, and the keys to it."""

import platform
from collections.abc import Callable, Sequence
from typing import TypeVar

from fastapi import APIRouter, Request, Response

from app.api.deps import LanesDep, ServiceDep, SettingsDep
from app.api.middleware.changes import CHANGE
from app.engine.device.faiss_torch import faiss, torch
from app.errors import ConfigurationError, Forbidden, InvalidRequest
from app.keys.admin_key import admin_keys
from app.keys.api_key import KeyRecord, Scope
from app.keys.key_file import KeyFile
from app.keys.key_ring import KeyRing
from app.keys.new_key import check_new_key
from app.version import service_version
from app.web.access.forms import Form, form_of
from app.web.access.sessions import Session
from app.web.access.visitor import ADMIN, REGISTER, VisitorDep
from app.web.rendering.pages import Entry, Pages
from app.web.routes import PageRoute, PagesDep, to_page

Result = TypeVar("Result")

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("system", "System", frozenset({Scope.REGISTER}))


@router.get("/system", dependencies=[REGISTER])
async def system_page(
    request: Request, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Whether the service can inspect, on what, and what it holds."""
    return pages.page(
        request,
        "system/system.html",
        readiness=service.readiness(),
        lanes=lanes,
        versions=_versions(),
        may_make_keys=session.caller.has_one_of(set()) and session.caller.products is None,
    )


@router.get("/system/keys", dependencies=[ADMIN])
async def keys_page(
    request: Request, session: VisitorDep, pages: PagesDep, lanes: LanesDep, settings: SettingsDep
) -> Response:
    """The keys there are."""
    _require_all_products(session)
    file = KeyFile.of(settings)
    return _keys(request, pages, await lanes.admin.call(file.read), settings)


@router.post("/system/keys", dependencies=[ADMIN, CHANGE])
async def create_key(
    request: Request, session: VisitorDep, pages: PagesDep, lanes: LanesDep, settings: SettingsDep
) -> Response:
    """Make a key, and show it: this once, so that no other page follows."""
    form = await form_of(request, session)
    _require_all_products(session)
    file, ring = KeyFile.of(settings), _ring(request)
    is_first = settings.auth != "off" and not ring.enforced

    def make() -> tuple[str, tuple[KeyRecord, ...]]:
        name, scopes, products = form["name"], _scopes(form), form.get("products")
        named = products.replace(",", " ").split() if products else []
        if is_first and Scope.ADMIN not in scopes:
            raise ConfigurationError(
                "From the first key on, the service asks for one. Make one with the scope admin first, or nobody can "
                "make others here."
            )
        check_new_key(name, scopes, named)
        key = file.create(name, scopes, named or None)
        ring.refresh()
        return key, file.read()

    made, keys = await lanes.admin.call(_told, make)
    return _keys(request, pages, keys, settings, made, is_first)


@router.post("/system/keys/{key_id}/revoke", dependencies=[ADMIN, CHANGE])
async def revoke_key(
    key_id: str, request: Request, session: VisitorDep, pages: PagesDep, lanes: LanesDep, settings: SettingsDep
) -> Response:
    """Take a key out of use, for good."""
    await form_of(request, session)
    _require_all_products(session)
    file, ring = KeyFile.of(settings), _ring(request)

    def revoke() -> None:
        file.revoke(key_id)
        ring.refresh()

    await lanes.admin.call(_told, revoke)
    return to_page(pages, "system/keys")


def _keys(
    request: Request,
    pages: Pages,
    keys: Sequence[KeyRecord],
    settings: SettingsDep,
    made: str | None = None,
    is_first: bool = False,
) -> Response:
    return pages.page(
        request,
        "system/keys.html",
        keys=keys,
        scopes=list(Scope),
        admin_keys=len(admin_keys(settings.admin_key)),
        asked_for=settings.auth != "off",
        made=made,
        is_first=is_first,
    )


def _require_all_products(session: Session) -> None:
    """Who is let in for some products only does not let others in for all."""
    if session.caller.products is not None:
        raise Forbidden(
            f"The key {session.caller.label} is for some products only. Keys are made with a key for all of them."
        )


def _scopes(form: Form) -> list[Scope]:
    return [scope for scope in Scope if form.get(f"scope_{scope}")]


def _told(change: Callable[[], Result]) -> Result:
    """What is wrong with a key is here the fault of who asks for it, not of the service's settings."""
    try:
        return change()
    except ConfigurationError as error:
        raise InvalidRequest(error.message) from error


def _ring(request: Request) -> KeyRing:
    ring: KeyRing = request.app.state.keys
    return ring


def _versions() -> dict[str, str]:
    return {
        "inspector": service_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "faiss": str(faiss.__version__),
    }
