"""What somebody has chosen for their browser: kept there, in a cookie."""

from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import parse_qs, urlencode

from app.web.rendering.languages import LANGUAGES, language_of

COOKIE = "inspector_preferences"
Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)


@dataclass(frozen=True, slots=True)
class Preferences:
    """`language`: one of `LANGUAGES`."""

    language: str
    theme: Theme

    def cookie(self) -> str:
        return urlencode({"language": self.language, "theme": self.theme})


def preferences_of(cookie: str | None, accepted: str) -> Preferences:
    """Of a browser; what it does not say, or says wrongly, is as usual. `accepted`: its Accept-Language."""
    given = parse_qs(cookie or "")
    theme = (given.get("theme") or ["system"])[-1]
    language = (given.get("language") or [""])[-1]
    chosen = language if language in LANGUAGES else None
    return Preferences(language_of(chosen, accepted), theme if theme in THEMES else "system")
