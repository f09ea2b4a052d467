"""What a product's settings may be here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.options import KeepPictures, ProductSettings
from app.errors import InvalidSettings
from app.service.products.settings import merged


@dataclass(frozen=True, slots=True)
class SettingsRules:
    """`defaults` are those of a new product. `no_pictures`: why none can be kept here, and what to do; None: they
    can."""

    defaults: ProductSettings
    no_pictures: str | None = None

    def merged(self, settings: ProductSettings, changes: Mapping[str, Any]) -> ProductSettings:
        """The settings with some keys changed. InvalidSettings, also for pictures where none can be kept."""
        changed = merged(settings, changes)
        if self.no_pictures and changes.get("keep_pictures", "none") != "none":
            raise InvalidSettings(f"keep_pictures: {self.no_pictures} Or set keep_pictures to none.")
        return changed

    def pictures(self, settings: ProductSettings) -> KeepPictures:
        """Of which verdicts pictures are kept in fact."""
        return "none" if self.no_pictures else settings.keep_pictures
