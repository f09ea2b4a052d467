"""The directories of a TIFF file, and of the EXIF blocks that are laid out like one."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

NEW_SUBFILE_TYPE, WIDTH, HEIGHT, SUBFILE_TYPE, SUB_DIRECTORIES = 254, 256, 257, 255, 330
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_MAX_ENTRIES = 65_535
"""All that a classic file can have; a BigTIFF that claims more is damaged."""
_MAX_DIRECTORIES = 100
_REDUCED_PAGE = 2
_PAGE_BIT = 2


class EndsEarly(ValueError):
    """Something lies outside the file."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand: `order` is struct's byte order, `place` its code for a position and for a count of values."""

    order: str
    place: str
    first_at: int
    entries: str

    @property
    def field_bytes(self) -> int:
        return struct.calcsize(f"={self.place}")


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    field_at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One picture of the file, by the tags that tell of it; `order` is `<` or `>`."""

    data: bytes
    order: str
    place: str
    entries: dict[int, _Entry]
    following_at: int

    def integers(self, tag: int) -> tuple[int, ...]:
        """The values of a tag, none where it is missing. ValueError: they lie outside the file, or are no integers."""
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        if entry.kind not in _INTEGERS:
            raise ValueError(f"tag {tag} is no whole number")
        code = f"{self.order}{entry.count}{_INTEGERS[entry.kind]}"
        return struct.unpack_from(code, self.data, self._start(tag, entry))

    def one(self, tag: int, default: int | None = None) -> int:
        """The value of a tag that has one. ValueError: it is missing and has no default, or has several values."""
        values = self.integers(tag) or (() if default is None else (default,))
        if len(values) != 1:
            raise ValueError(f"tag {tag} must have one value, not {len(values)}")
        return values[0]

    def blob(self, tag: int) -> bytes | None:
        """The bytes of a tag, None where it is missing."""
        entry = self.entries.get(tag)
        if entry is None:
            return None
        start = self._start(tag, entry)
        return self.data[start : start + entry.count * _BYTES[entry.kind]]

    def _start(self, tag: int, entry: _Entry) -> int:
        length = entry.count * _BYTES.get(entry.kind, len(self.data) + 1)
        if length <= struct.calcsize(f"={self.place}"):
            return entry.field_at
        (start,) = struct.unpack_from(self.order + self.place, self.data, entry.field_at)
        if start + length > len(self.data):
            raise EndsEarly(f"the values of tag {tag} lie outside the file")
        return int(start)


def first_directory(data: bytes) -> Directory:
    """EndsEarly, ValueError: there is none, or none that can be read."""
    layout = _layout(data)
    return _directory(data, layout, _place(data, layout, layout.first_at))


def photograph_directory(data: bytes) -> Directory:
    """That of the one picture of full size.

    Raises:
        ValueError: there is none, or several, or a directory cannot be read.
    """
    every = list(_all_directories(data))
    full = [each for each in every if _is_full(each)]
    if len(full) != 1:
        raise ValueError(f"it holds {len(full)} pictures of full size and {len(every) - len(full)} reduced ones")
    if any(_pixels(each) > _pixels(full[0]) for each in every):
        raise ValueError("it holds a larger picture than the one of full size")
    return full[0]


def _all_directories(data: bytes) -> Iterator[Directory]:
    """In the chain, and those that they name as their own parts."""
    layout = _layout(data)
    waiting, seen = [_place(data, layout, layout.first_at)], set[int]()
    while waiting:
        at = waiting.pop()
        if at in seen or len(seen) == _MAX_DIRECTORIES:
            raise ValueError("its directories follow each other without end")
        seen.add(at)
        found = _directory(data, layout, at)
        yield found
        waiting += [each for each in (found.following_at, *found.integers(SUB_DIRECTORIES)) if each]


def _is_full(directory: Directory) -> bool:
    """Neither reduced nor a mask or depth map of another one."""
    kind = directory.one(NEW_SUBFILE_TYPE, 0)
    return not kind & ~_PAGE_BIT and directory.one(SUBFILE_TYPE, 1) != _REDUCED_PAGE


def _pixels(directory: Directory) -> int:
    return directory.one(WIDTH) * directory.one(HEIGHT)


def _layout(data: bytes) -> _Layout:
    order = "<" if data[:2] == b"II" else ">"
    big = b"+" in data[2:4]
    return _Layout(order, "Q", 8, "Q") if big else _Layout(order, "I", 4, "H")


def _place(data: bytes, layout: _Layout, at: int) -> int:
    try:
        return int(struct.unpack_from(layout.order + layout.place, data, at)[0])
    except struct.error as error:
        raise EndsEarly("its directory ends early") from error


def _directory(data: bytes, layout: _Layout, start: int) -> Directory:
    code = f"{layout.order}HH{layout.place}"
    entries: dict[int, _Entry] = {}
    try:
        (count,) = struct.unpack_from(layout.order + layout.entries, data, start)
        if count > _MAX_ENTRIES:
            raise ValueError(f"its directory claims {count} entries")
        at = start + struct.calcsize(f"={layout.entries}")
        for _ in range(count):
            tag, kind, values = struct.unpack_from(code, data, at)
            if tag in entries:
                raise ValueError(f"its directory has tag {tag} twice")
            entries[tag] = _Entry(kind, values, at + struct.calcsize(code))
            at += struct.calcsize(code) + layout.field_bytes
    except (struct.error, OverflowError) as error:
        raise EndsEarly("its directory lies outside the file") from error
    return Directory(data, layout.order, layout.place, entries, _place(data, layout, at))
