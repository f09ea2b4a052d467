"""Templates to pages, with what every page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.keys.api_key import Scope
from app.web.access.sessions import Session
from app.web.rendering.assets import PAGES, Asset, tag_of
from app.web.rendering.languages import LANGUAGES, translations
from app.web.rendering.preferences import COOKIE, THEMES, Preferences, preferences_of

UI = "/ui"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation. `name`: its folder, and its place below /ui; `title`: in English."""

    name: str
    title: str
    scopes: frozenset[Scope]


class Pages:
    """Renders the templates of `pages` for whoever asks."""

    def __init__(self, root_path: str, entries: tuple[Entry, ...], assets: Mapping[str, Asset]) -> None:
        """`root_path`: of a proxy before the service."""
        self.base, self._entries, self.assets_tag = f"{root_path}{UI}", entries, tag_of(assets)

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A template (`products/products.html`) with these values."""
        session: Session | None = getattr(request.state, "session", None)
        chosen = preferences(request)
        shown = {
            "session": session,
            "chosen": chosen,
            "languages": LANGUAGES,
            "themes": THEMES,
            "base": self.base,
            "here": request.url.path.removeprefix(self.base).strip("/"),
            "entries": [each for each in self._entries if session and session.caller.has_one_of(each.scopes)],
            "asset": self._asset,
            "is_open": request.app.state.sessions.is_open,
        }
        html = _environment(chosen.language).get_template(template).render(**shown, **values)
        return HTMLResponse(html, status)

    def _asset(self, name: str) -> str:
        """The address of an asset. It changes with any of them: modules name each other relative to it."""
        return f"{self.base}/assets/{self.assets_tag}/{name}"


def preferences(request: Request) -> Preferences:
    """Of the browser that asks."""
    return preferences_of(request.cookies.get(COOKIE), request.headers.get("accept-language", ""))


@cache
def _environment(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        name: partial(shown, language)
        for name, shown in (("number", _number), ("percent", _percent), ("moment", _moment))
    }
    return made


def _number(language: str, value: float | None, digits: int = 3) -> str:
    return "–" if value is None else format_decimal(value, f"#,##0.{'#' * digits}", locale=language)


def _percent(language: str, value: float | None, digits: int = 1) -> str:
    return "–" if value is None else format_percent(value, f"#,##0.{'#' * digits}%", locale=language)


def _moment(language: str, value: datetime | str) -> str:
    """In UTC; the base module tells it in the browser's own zone."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{format_datetime(moment.astimezone(UTC), 'medium', locale=language)} UTC"
