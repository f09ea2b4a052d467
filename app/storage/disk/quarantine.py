"""Damaged files are kept, out of the way: somebody may still save what is in them."""

import logging
from pathlib import Path

from app.storage.disk.durable import move_durably
from app.storage.disk.layout import StoreLayout

logger = logging.getLogger(__name__)


def quarantine(layout: StoreLayout, path: Path) -> None:
    """Move a damaged file away. The caller holds the lock that its writers take."""
    kept = layout.new_quarantine(path)
    move_durably(path, kept)
    logger.error("%s is damaged; it is kept as %s", path, kept)
