"""The languages of the console: catalogues in gettext's text form, read at the start."""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parents[1] / "locales"
SOURCE = "en"
LANGUAGES = {"en": "English", "de": "Deutsch", "ja": "日本語", "zh": "中文"}
"""What each language calls itself."""


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The texts of one of `LANGUAGES`."""
    if language == SOURCE:
        return gettext.NullTranslations()
    compiled = BytesIO()
    with (LOCALES / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, Locale.parse(language)))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_of(chosen: str | None, accepted: str) -> str:
    """What somebody has chosen, else the best of what their browser accepts (Accept-Language), else English."""
    if chosen in LANGUAGES:
        return chosen
    ranked = sorted(_ranked(accepted), key=lambda each: -each[1])
    return negotiate_locale([name for name, _ in ranked], [*LANGUAGES], sep="-") or SOURCE


def _ranked(accepted: str) -> list[tuple[str, float]]:
    found = []
    for each in accepted.split(","):
        name, _, quality = each.partition(";q=")
        try:
            found.append((name.strip(), float(quality or 1)))
        except ValueError:
            continue
    return found
