"""The keys that a running server knows: ADMIN_KEY, and those of the file as it is now."""

import hmac
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from app.errors import InspectorError
from app.keys.admin_key import admin_keys
from app.keys.api_key import KeyRecord, Scope, digest, key_id
from app.keys.caller import Caller
from app.keys.key_file import KeyFile, Stamp
from app.settings import Settings

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    caller: Caller


class KeyRing:
    """Says who shows a key. Used from the event loop: it looks into its memory only, never at the disk.

    Once it has seen a key it is `enforced` for good: with its file gone it knows fewer keys, or none, and lets nobody
    in. A file that cannot be read or understood leaves it with the keys it knows.
    """

    def __init__(self, admin: Sequence[str], file: KeyFile | None) -> None:
        self._admin = tuple(
            _Known(digest(key), Caller(f"admin_key/{number}", frozenset({Scope.ADMIN})))
            for number, key in enumerate(admin, start=1)
        )
        self._file = file
        self._of_file: Mapping[str, _Known] = {}
        self._stamp: Stamp | None = None
        self._trouble = ""
        self.enforced = bool(self._admin)
        self._load()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The keys that the settings name; with AUTH=off none, whatever there is.

        Raises:
            ConfigurationError: ADMIN_KEY is unfit, or the file is damaged.
            StorageUnavailable: the file cannot be read.
        """
        if settings.auth == "off":
            return cls((), None)
        return cls(admin_keys(settings.admin_key), KeyFile.of(settings))

    def caller(self, key: str) -> Caller | None:
        """Whose key this is; None for a key that is not known."""
        shown = digest(key)
        named = self._of_file.get(key_id(key) or "")
        for known in (*self._admin, *([named] if named else [])):
            if hmac.compare_digest(known.digest, shown):
                return known.caller
        return None

    def labelled(self, label: str) -> tuple[Caller, bytes] | None:
        """Of the key that is called so: its caller, and its digest; None where there is none, or no longer."""
        for known in (*self._admin, *self._of_file.values()):
            if known.caller.label == label:
                return known.caller, known.digest
        return None

    def refresh(self) -> None:
        """Take over what has changed in the file. A fault is logged once, and tried again at the next call."""
        try:
            changed = self._load()
            self._trouble = ""
        except InspectorError as error:
            if error.message != self._trouble:
                logger.error("the keys known before stay in force: %s", error.message)
            self._trouble = error.message
            return
        if changed and self._stamp is None:
            logger.warning("the file of keys is gone, and its keys with it")
        elif changed:
            logger.info("the file of keys has changed: %d keys", len(self._of_file))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Refreshes every `LOOK_EVERY_S` seconds, on a thread of its own: the disk may hang, requests may not."""
        if self._file is None:
            yield
            return
        ended = threading.Event()
        threading.Thread(target=self._watch, args=(ended,), name="keys", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK_EVERY_S):
            self.refresh()

    def _load(self) -> bool:
        """Whether the file had changed since the last time."""
        if self._file is None or (stamp := self._file.stamp()) == self._stamp:
            return False
        records = self._file.read()
        # In this order: a request between the two is refused, not let in.
        self.enforced = self.enforced or bool(records)
        self._of_file = {record.key_id: _known(record) for record in records}
        self._stamp = stamp
        return True


def _known(record: KeyRecord) -> _Known:
    products = None if record.products is None else frozenset(record.products)
    caller = Caller(f"{record.name}/{record.key_id}", frozenset(record.scopes), products)
    return _Known(bytes.fromhex(record.sha256), caller)
