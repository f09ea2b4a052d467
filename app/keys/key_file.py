"""The file of `inspector keys`: read by every server that shares it, changed under a lock, whole at any moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from app.errors import ConfigurationError
from app.keys.api_key import KeyRecord, Scope, digest, new_key
from app.settings import Settings
from app.storage.disk.durable import explained, make_folder, read_if_present, write_durably
from app.storage.disk.lock import file_lock
from app.storage.documents_json import DocumentDamaged, decode, encode

FILE_NAME = "keys.json"
ONLY_ITS_OWNER = 0o600
KEYS_PER_NAME = 2
"""An old one and a new one, so that a key can be changed without a gap."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class KeyDocument:
    """What the file holds."""

    keys: tuple[KeyRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFile:
    """All methods raise StorageFull and StorageUnavailable; `read`, `create`, `revoke` ConfigurationError for a file
    that cannot be understood."""

    path: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The file that the settings name."""
        return cls(settings.keys_file or settings.store_dir / FILE_NAME)

    def stamp(self) -> Stamp | None:
        """Differs after every change of the file; None while there is none."""
        with explained(self.path):
            try:
                found = self.path.stat()
            except FileNotFoundError:
                return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> tuple[KeyRecord, ...]:
        """The keys in the order of their making; none where there is no file."""
        data = read_if_present(self.path)
        if data is None:
            return ()
        try:
            return decode(KeyDocument, data).keys
        except DocumentDamaged:
            raise ConfigurationError(
                f"The file of keys {self.path} is damaged. Put back a copy, or move it away and make new keys: "
                "inspector keys create"
            ) from None

    def create(self, name: str, scopes: Sequence[Scope], products: Sequence[str] | None) -> str:
        """A new key, which itself is kept nowhere. ConfigurationError where `name` has two already."""
        given = None if products is None else tuple(dict.fromkeys(products))
        created_at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._changing() as keys:
            _refuse_a_third(name, keys)
            key, key_id = _unused_key({each.key_id for each in keys})
            keys.append(KeyRecord(key_id, name, tuple(sorted(set(scopes))), given, created_at, digest(key).hex()))
        return key

    def revoke(self, key_id: str) -> KeyRecord:
        """Take a key out, and return what was kept of it. ConfigurationError for an unknown id."""
        with self._changing() as keys:
            record = next((each for each in keys if each.key_id == key_id), None)
            if record is None:
                raise ConfigurationError(
                    f"No key in {self.path.absolute()} has the id {key_id}. To see them: inspector keys list"
                )
            keys.remove(record)
        return record

    @contextmanager
    def _changing(self) -> Iterator[list[KeyRecord]]:
        """The keys, to be changed; written when the block ends without an error."""
        make_folder(self.path.parent)
        with file_lock(self.path.with_name(f"{self.path.name}.lock")):
            keys = list(self.read())
            yield keys
            write_durably(self.path, encode(KeyDocument(tuple(keys))), ONLY_ITS_OWNER)


def _refuse_a_third(name: str, keys: Sequence[KeyRecord]) -> None:
    live = [each.key_id for each in keys if each.name == name]
    if len(live) >= KEYS_PER_NAME:
        raise ConfigurationError(
            f"{name} has {len(live)} keys already: {', '.join(live)} (oldest first). Revoke the one that is no longer "
            f"used (inspector keys revoke {live[0]}), then make the new one; or give another user another name."
        )


def _unused_key(taken: set[str]) -> tuple[str, str]:
    while (made := new_key())[1] in taken:
        pass
    return made
