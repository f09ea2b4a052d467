"""Texts that callers send: UTF-8, every character of which can be seen."""

import unicodedata

UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, halves of surrogate pairs, line and paragraph separators."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def utf8_text(data: bytes) -> str:
    """The text of UTF-8 bytes. ValueError for other bytes: replaced, they would make two texts one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("This is no UTF-8 text. Send it as UTF-8.") from None


def visible_text(text: str) -> str:
    """The text itself. ValueError for one with a character that nobody sees, or that stands for lost bytes."""
    if any(each == REPLACEMENT or unicodedata.category(each) in UNSEEN for each in text):
        raise ValueError("This holds a control character, or bytes that were lost (U+FFFD). Send it without.")
    return text
