"""Who is calling: settled before anything else looks at the request."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.middleware.root_path import route_path
from app.api.problems import problem
from app.errors import Unauthenticated
from app.keys.api_key import key_id
from app.keys.caller import ANYONE, Caller
from app.keys.key_ring import KeyRing

OPEN_PATHS = frozenset(
    {
        "/",
        "/health/live",
        "/health/ready",
        "/v1/health/live",
        "/v1/health/ready",
        "/openapi.json",
        "/docs",
        "/docs/oauth2-redirect",
    }
)
DOCS_ASSETS, CONSOLE = "/static-offline-docs/", "/ui"
"""What is below them needs no key: the console asks for one by itself."""

NO_KEY = "This service asks for a key. Send it in the header `Authorization: Bearer <key>`."
UNKNOWN_KEY = "This key is not known here, or no longer. Ask whoever runs the service for another one."


class Authentication:
    """Refuses what shows no known key (401), at unknown paths too; sets `caller` in the state of the rest.

    What `OPEN_PATHS` names needs none, and nothing does while there is no key at all. `key` in the state is for the
    log: name and id of the key, or the id that an unknown one names.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self.app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(route_path(scope)):
            state = scope.setdefault("state", {})
            try:
                state["caller"] = self._caller(scope) if self._keys.enforced else ANYONE
            except Unauthenticated as error:
                refusal = problem(scope, error, headers={"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller:
        key = _shown_key(scope)
        caller = self._keys.caller(key)
        scope["state"]["key"] = caller.label if caller else f"?/{key_id(key) or '?'}"
        if caller is None:
            raise Unauthenticated(UNKNOWN_KEY)
        return caller


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith((DOCS_ASSETS, f"{CONSOLE}/")) or path == CONSOLE


def _shown_key(scope: Scope) -> str:
    given = Headers(scope=scope).getlist("authorization")
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated(NO_KEY)
    return key.strip()
