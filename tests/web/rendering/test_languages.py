"""Every text of the pages is there in every language."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from app.web.rendering.assets import PAGES
from app.web.rendering.languages import LANGUAGES, LOCALES, SOURCE, language_of, translations

OTHERS = [language for language in LANGUAGES if language != SOURCE]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
ENTRIES = ("Line", "Products", "Inspect", "History", "Jobs", "Changes", "System", "Help")


def texts() -> set[str]:
    return {text for path in sorted(PAGES.rglob("*.html")) for text in _texts_in(path)} | {*ENTRIES}


def _texts_in(path: Path) -> Iterator[str]:
    found = extract_from_file("jinja2.ext:babel_extract", str(path), KEYWORDS, options={"trimmed": "true"})
    for _, messages, _, _ in found:
        yield from [messages] if isinstance(messages, str) else [each for each in messages if each]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_no_other(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, language)
    told = {each.id if isinstance(each.id, str) else each.id[0]: each for each in catalogue if each.id}
    assert set(told) == texts()
    assert not [name for name, each in told.items() if not each.string or each.fuzzy]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_names_of_its_text(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, language)
    assert not [error for each in catalogue for error in each.check(catalogue)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_can_be_shown(language: str) -> None:
    assert translations(language).gettext("Products")


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("ja", "de", "ja"), (None, "de-AT,de;q=0.9,en;q=0.5", "de"), (None, "fr,zh-CN;q=0.8", "zh"),
        (None, "en;q=0.1,ja;q=0.9", "ja"), (None, "fr", "en"), (None, "", "en"), (None, ";;q=x,*;q=", "en"),
        ("xx", "de", "de"),
    ],
)  # fmt: skip
def test_the_language_is_what_was_chosen_or_what_the_browser_likes_best(
    chosen: str | None, accepted: str, language: str
) -> None:
    assert language_of(chosen, accepted) == language
