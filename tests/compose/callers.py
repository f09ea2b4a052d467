"""What the tests of a deployment ask of it."""

import hashlib
import itertools
from collections.abc import Callable

import httpx2

from tests.api.photographs import photograph
from tests.load import Load

SHOWN = 9
"""The photograph that is inspected, which no test registers."""

Answer = tuple[int, float]
"""Bank version and score."""


def prepared(client: httpx2.Client, product: str) -> Answer:
    """Register one photograph for a new product; what it then answers."""
    client.post(f"/products/{product}/references", content=photograph(0)).raise_for_status()
    return inspected_by(client, product)


def inspection(client: httpx2.Client, product: str) -> httpx2.Response:
    return client.post(f"/products/{product}/inspect?heatmap=none", content=photograph(SHOWN))


def inspected_by(client: httpx2.Client, product: str) -> Answer:
    return answer_of(inspection(client, product).raise_for_status())


def answer_of(response: httpx2.Response) -> Answer:
    body = response.json()
    return body["bank_version"], body["score"]


def registrations(client: httpx2.Client, product: str) -> Callable[[int], httpx2.Response]:
    """A request for one caller of a load: each time another photograph is registered."""
    seeds = itertools.count(100)
    return lambda _: client.post(f"/products/{product}/references", content=photograph(next(seeds)))


def acknowledged(registered: Load) -> set[str]:
    """The references whose registration was answered with success."""
    return {body["received"][0]["sha256"] for body in registered.bodies()}


def references(client: httpx2.Client, product: str) -> set[str]:
    body = client.get(f"/products/{product}/references").raise_for_status().json()
    return {reference["sha256"] for reference in body["references"]}


def sha256(seed: int) -> str:
    return hashlib.sha256(photograph(seed)).hexdigest()
