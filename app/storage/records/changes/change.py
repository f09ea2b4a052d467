"""What somebody changed over the API, as it is kept: that it was asked for, and how it ended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

State = Mapping[str, Any]
"""What a product is: its settings, its bank version, how many images it has."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change before it is made. `at_us`: microseconds since 1970, UTC. `action`: the operation's name in the OpenAPI
    document; `request`: its method, path and query. `key_name`: whose key it was, never the key; `by`: who that was, as
    the caller says. `before`: the product then; None: there was none."""

    change_id: str
    at_us: int
    action: str
    request: str
    product_id: str | None
    key_name: str
    by: str | None
    request_id: str
    before: State | None

    @property
    def name(self) -> str:
        return f"change {self.change_id}"

    def late(self) -> Self:
        """As it is kept where its caller could not wait for it."""
        return self

    def line(self) -> bytes:
        """As one line of JSON."""
        return _line("change", asdict(self))


@dataclass(frozen=True, slots=True)
class ChangeEnd:
    """How a change ended. `error`: the code of its error; None: it was made. `after`: the product then."""

    change_id: str
    at_us: int
    error: str | None
    after: State | None

    @property
    def name(self) -> str:
        return f"the end of change {self.change_id}"

    def late(self) -> Self:
        return self

    def line(self) -> bytes:
        return _line("change_end", asdict(self))


def _line(kind: str, values: dict[str, Any]) -> bytes:
    return json.dumps({"kind": kind} | values, separators=(",", ":")).encode() + b"\n"
