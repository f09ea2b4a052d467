"""What a caller may do: each route declares the scopes that it takes, one of which the caller's key must have.

A route with a product id in its path is for the keys of this product.
"""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.errors import Forbidden
from app.keys.api_key import Scope
from app.keys.caller import Caller

BEARER = HTTPBearer(
    scheme_name="Key", bearerFormat="insp_…", auto_error=False, description="A key from `inspector keys create`."
)
"""For the documentation: the Authorize button of /docs. The middleware has checked the key before."""


class Requires:
    """Lets a request pass whose key has one of the scopes, and is for the product in the path. Else Forbidden."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = frozenset(scopes)

    async def __call__(
        self, request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> None:
        caller = caller_of(request)
        if not caller.has_one_of(self.scopes):
            needed = " or ".join(f"`{scope}`" for scope in sorted(self.scopes))
            raise Forbidden(f"The key {caller.label} lacks the scope {needed}. Use a key that has it.")
        if "product_id" in request.path_params:
            check_product(caller, request.path_params["product_id"])


def caller_of(request: Request) -> Caller:
    """Who is calling, as the middleware found."""
    caller: Caller = request.state.caller
    return caller


def check_product(caller: Caller, product_id: str) -> None:
    """Forbidden, unless the caller's key is for the product."""
    if not caller.may_use(product_id):
        raise Forbidden(f"The key {caller.label} is not for the product {product_id!r}. Use a key that is.")


INSPECT = Depends(Requires(Scope.INSPECT))
READ = Depends(Requires(Scope.INSPECT, Scope.REGISTER))
REGISTER = Depends(Requires(Scope.REGISTER))
READ_RECORDS = Depends(Requires(Scope.INSPECT, Scope.REGISTER, Scope.FEEDBACK))
FEEDBACK = Depends(Requires(Scope.FEEDBACK))
METRICS = Depends(Requires(Scope.METRICS))
ADMIN = Depends(Requires(Scope.ADMIN))

CallerDep = Annotated[Caller, Depends(caller_of)]
