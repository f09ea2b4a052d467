"""The first directory of a TIFF file: what must be known, and put right, before its pixels are decoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from app.engine.types import Size

_WIDTH, _HEIGHT, _EXTRA_SAMPLES = 256, 257, 338
_UNSPECIFIED, _UNASSOCIATED_ALPHA = 0, 2
_SHORT = 3
_INTEGERS = {1: "B", _SHORT: "H", 4: "I", 16: "Q"}
_MAX_ENTRIES = 65_535
"""All that a classic file can have; a BigTIFF that claims more is damaged."""


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
    tag: int
    kind: int
    count: int
    field_at: int


def tiff_size(data: bytes) -> Size:
    """Height and width as stored, before the orientation is applied; of a tag given twice, the larger.

    Raises:
        ValueError: there is no directory, or none that tells both as a whole number.
    """
    layout = _layout(data)
    sides: dict[int, int] = {}
    for entry in _entries(data, layout):
        if entry.tag in (_WIDTH, _HEIGHT):
            sides[entry.tag] = max(sides.get(entry.tag, 0), _integer(data, layout, entry))
    if len(sides) < 2:
        raise ValueError("the TIFF directory does not tell the size")
    return Size(sides[_HEIGHT], sides[_WIDTH])


def alpha_unnamed(data: bytes) -> bytes:
    """The same file with its unassociated alpha declared a channel without meaning.

    libtiff multiplies the colours by an alpha that is declared unassociated; a channel without meaning it leaves out.

    Raises:
        ValueError: there is no directory.
    """
    layout = _layout(data)
    changed = bytearray(data)
    for entry in _entries(data, layout):
        if entry.tag == _EXTRA_SAMPLES and entry.kind == _SHORT and 2 * entry.count <= layout.field_bytes:
            for at in range(entry.field_at, entry.field_at + 2 * entry.count, 2):
                if struct.unpack_from(f"{layout.order}H", data, at) == (_UNASSOCIATED_ALPHA,):
                    struct.pack_into(f"{layout.order}H", changed, at, _UNSPECIFIED)
    return bytes(changed)


def directory_is_inside(data: bytes) -> bool:
    """Whether the file reaches as far as the end of its first directory."""
    try:
        list(_entries(data, _layout(data)))
    except ValueError:
        return False
    return True


def _layout(data: bytes) -> _Layout:
    order = "<" if data[:2] == b"II" else ">"
    big = b"+" in data[2:4]
    return _Layout(order, "Q", 8, "Q") if big else _Layout(order, "I", 4, "H")


def _entries(data: bytes, layout: _Layout) -> Iterator[_Entry]:
    code = f"{layout.order}HH{layout.place}"
    try:
        (start,) = struct.unpack_from(layout.order + layout.place, data, layout.first_at)
        (count,) = struct.unpack_from(layout.order + layout.entries, data, start)
        if count > _MAX_ENTRIES:
            raise ValueError(f"the TIFF directory claims {count} entries")
        at = start + struct.calcsize(f"={layout.entries}")
        for _ in range(count):
            field_at = at + struct.calcsize(code)
            if field_at + layout.field_bytes > len(data):
                raise ValueError("the TIFF directory ends early")
            tag, kind, values = struct.unpack_from(code, data, at)
            yield _Entry(tag, kind, values, field_at)
            at = field_at + layout.field_bytes
    except (struct.error, OverflowError) as error:
        raise ValueError("the TIFF directory lies outside the file") from error


def _integer(data: bytes, layout: _Layout, entry: _Entry) -> int:
    code = _INTEGERS.get(entry.kind)
    if code is None or entry.count != 1 or struct.calcsize(f"={code}") > layout.field_bytes:
        raise ValueError("the TIFF directory tells its size as no whole number")
    return int(struct.unpack_from(layout.order + code, data, entry.field_at)[0])
