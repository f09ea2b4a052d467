"""Who looks at a page, and what they may do there."""

from typing import Annotated

from fastapi import Depends, Request

from app.errors import Forbidden, Unauthenticated
from app.keys.api_key import Scope
from app.web.access.sessions import Session, Sessions

COOKIE = "inspector_session"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"


def visitor(request: Request) -> Session:
    """The session of a request. Unauthenticated: somebody has to log in."""
    sessions: Sessions = request.app.state.sessions
    found = sessions.known(request.cookies.get(COOKIE))
    if found is None:
        raise Unauthenticated("Log in to see this page.")
    request.state.caller, request.state.session = found.caller, found
    return found


VisitorDep = Annotated[Session, Depends(visitor)]


class Needs:
    """Lets a visitor pass whose key has one of the scopes, and is for the product in the path. Else Forbidden."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = frozenset(scopes)

    def __call__(self, request: Request, session: VisitorDep) -> None:
        if not session.caller.has_one_of(self.scopes):
            needed = " or ".join(f"`{scope}`" for scope in sorted(self.scopes))
            raise Forbidden(f"The key {session.caller.label} lacks the scope {needed}. Log in with a key that has it.")
        if "product_id" in request.path_params:
            require_product(session, request.path_params["product_id"])


def require_product(session: Session, product_id: str) -> None:
    """Forbidden, unless the visitor's key is for the product."""
    if not session.caller.may_use(product_id):
        raise Forbidden(f"The key {session.caller.label} is not for the product {product_id!r}.")


LOOK = Depends(Needs(Scope.INSPECT, Scope.REGISTER))
INSPECT = Depends(Needs(Scope.INSPECT))
REGISTER = Depends(Needs(Scope.REGISTER))
READ_RECORDS = Depends(Needs(Scope.INSPECT, Scope.REGISTER, Scope.FEEDBACK))
FEEDBACK = Depends(Needs(Scope.FEEDBACK))
ADMIN = Depends(Needs(Scope.ADMIN))
