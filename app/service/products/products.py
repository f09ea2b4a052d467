"""Products: creating, changing and listing them."""

import itertools
import logging
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.engine.options import FULL_BIT_DEPTH, Preprocessing, ProductSettings
from app.errors import (
    BankDamaged,
    Conflict,
    InspectorError,
    InvalidSettings,
    NotFound,
    NotReady,
    PreconditionFailed,
    ProductDamaged,
    ProductNotFound,
    StaleRevision,
)
from app.service.accelerator.backbones import Backbones
from app.service.banks.banks import BankService
from app.service.banks.builder import BankBuilder
from app.service.banks.masking_policy import masking_view
from app.service.banks.reference_maker import computed_otherwise, made_by
from app.service.banks.serving import ServingKnowledge
from app.service.calibration.knowledge import CalibrationKnowledge
from app.service.clock import now
from app.service.inspection.drift import DriftWatch
from app.service.products.rules import SettingsRules
from app.service.products.settings import UNSET, Unset, network, require_known_version, require_seeing_statistic
from app.service.products.view import ProductView
from app.storage.documents import BankManifest, Product
from app.storage.product_id import checked_product_id
from app.storage.store import Catalog

logger = logging.getLogger(__name__)


class ProductService:
    """The products and their settings."""

    def __init__(
        self,
        catalog: Catalog,
        backbones: Backbones,
        banks: BankService,
        builder: BankBuilder,
        serving: ServingKnowledge,
        knowledge: CalibrationKnowledge,
        drift: DriftWatch,
        rules: SettingsRules,
    ) -> None:
        self._catalog = catalog
        self._backbones = backbones
        self._banks = banks
        self._builder = builder
        self._serving = serving
        self._knowledge = knowledge
        self._drift = drift
        self._rules = rules

    def create(
        self,
        product_id: str,
        settings: Mapping[str, Any] | None = None,
        display_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ProductView:
        """Create a product. InvalidProductId, InvalidSettings; Conflict where it exists."""
        checked_product_id(product_id)
        chosen = self._usable(self._rules.merged(self._rules.defaults, settings or {}))
        require_known_version(chosen, 0)
        self._catalog.create(Product(product_id, chosen, display_name, dict(metadata or {}), now()))
        return self.view(product_id)

    def put(
        self,
        product_id: str,
        settings: Mapping[str, Any] | None = None,
        display_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        expected_revision: int | None = None,
    ) -> tuple[ProductView, bool]:
        """Create a product or replace its settings, name and metadata; what is not given takes the default.

        Returns the product and whether it was created. Raises what `create` and `change` raise.
        """
        try:
            self._catalog.product(product_id)
        except (ProductNotFound, ProductDamaged):
            if expected_revision is None:
                return self.create(product_id, settings, display_name, metadata), True
            raise
        chosen = self._rules.merged(self._rules.defaults, settings or {})

        def replaced(product: Product) -> Product:
            return replace(product, settings=chosen, display_name=display_name, metadata=dict(metadata or {}))

        return self._write(product_id, replaced, expected_revision), False

    def change(
        self,
        product_id: str,
        settings: Mapping[str, Any] | None = None,
        display_name: str | Unset | None = UNSET,
        metadata: Mapping[str, Any] | None = None,
        expected_revision: int | None = None,
    ) -> ProductView:
        """Change some settings, the name or the metadata. A change of what makes features rebuilds the bank; the old
        one serves until the new one is published. ProductNotFound, InvalidSettings; PreconditionFailed where the
        revision is another than expected."""

        def changed(product: Product) -> Product:
            return replace(
                product,
                settings=self._rules.merged(product.settings, settings or {}),
                display_name=product.display_name if isinstance(display_name, Unset) else display_name,
                metadata=product.metadata if metadata is None else dict(metadata),
            )

        return self._write(product_id, changed, expected_revision)

    def page(self, after: str | None, limit: int, among: Container[str] | None = None) -> list[ProductView]:
        """The products behind `after` in the order of their ids, at most `limit`; only those in `among`, if given."""
        ids = (each for each in self._catalog.product_ids() if after is None or each > after)
        views = (view for each in ids if (among is None or each in among) and (view := self._view_if_there(each)))
        return list(itertools.islice(views, limit))

    def view(self, product_id: str) -> ProductView:
        """A product and the state of its bank; a damaged bank is told as `problem`. ProductNotFound."""
        product = self._catalog.product(product_id)
        active, problem = None, None
        try:
            active = self._banks.active(product_id)
        except BankDamaged as error:
            problem = error.message
        serving = self._backbones.known(active.backbone, active.preprocessing) if active else None
        return ProductView(
            product=product,
            bank_version=active.version if active and active.references else None,
            bank_loaded=active is not None and self._banks.is_loaded(product, active.version),
            backbone=active.backbone if active else self._backbones.name_of(product.settings.backbone),
            references=len(active.references) if active else 0,
            rebuild_needed=active is not None
            and (self._outdated(product, active) or computed_otherwise(active, serving)),
            masking=masking_view(product.settings, active.masking) if active and active.masking else None,
            problem=problem,
            calibration=self._knowledge.of_version(product, active),
            drift=self._drift.view(product, active.version if active else None),
            pictures=self._rules.pictures(product.settings),
        )

    def load(self, product_id: str) -> ProductView:
        """The product, its bank in memory. BankNotLoaded: it has to be loaded first; ProductNotFound, NoReferences."""
        self._banks.loaded(self._serving.get(product_id))
        return self.view(product_id)

    def preprocessing(self, product_id: str) -> tuple[Preprocessing, int]:
        """And the patch size, px, of the product or of one that would be created now. InvalidProductId."""
        checked_product_id(product_id)
        try:
            settings = self._catalog.product(product_id).settings
        except ProductNotFound:
            settings = self._rules.defaults
        return settings.preprocessing(FULL_BIT_DEPTH), self._backbones.spec(settings.backbone).patch_size

    def ensure(self, product_id: str, *, create: bool) -> bool:
        """See to it that the product exists; whether it had to be created.

        ProductNotFound, InvalidProductId; Conflict where the id of another differs only in case.
        """
        checked_product_id(product_id)
        try:
            self._catalog.product(product_id)
        except ProductNotFound:
            if not create:
                raise
        else:
            return False
        try:
            self.create(product_id)
        except Conflict as taken:
            try:
                # Another registration may have created it a moment ago.
                self._catalog.product(product_id)
            except ProductNotFound:
                raise taken from None
            return False
        return True

    def _write(
        self, product_id: str, change: Callable[[Product], Product], expected_revision: int | None
    ) -> ProductView:
        while True:
            product = self._catalog.product(product_id)
            if expected_revision not in (None, product.revision):
                raise PreconditionFailed(
                    f"Product {product_id!r} is at revision {product.revision}, not {expected_revision}. "
                    "Read it again and repeat the change."
                )
            changed = change(product)
            require_known_version(changed.settings, self._catalog.pointer(product_id).latest)
            require_seeing_statistic(changed.settings, product.settings, self._banks.active(product_id))
            if network(changed.settings) != network(product.settings):
                self._usable(changed.settings)
            try:
                with self._serving.changing(product_id):
                    written = self._catalog.replace(changed)
            except StaleRevision:
                continue
            self._rebuild_if_outdated(product, written)
            return self.view(product_id)

    def _rebuild_if_outdated(self, before: Product, written: Product) -> None:
        """Make the bank that new settings ask for; where that fails, the settings are what they were before."""
        try:
            active = self._banks.active(written.product_id)
            if active and self._outdated(written, active):
                self._builder.update(written.product_id, "settings")
        except InspectorError:
            with suppress(StaleRevision, NotFound), self._serving.changing(written.product_id):
                # What was measured meanwhile stays, and so do settings of somebody else.
                if (found := self._catalog.product(written.product_id)).settings == written.settings:
                    self._catalog.replace(replace(found, settings=before.settings))
            raise

    def _usable(self, settings: ProductSettings) -> ProductSettings:
        """The settings, once their backbone was found to load and to have their layers."""
        try:
            self._backbones.get(settings.backbone, settings.preprocessing(FULL_BIT_DEPTH))
        except NotReady as error:
            raise InvalidSettings(f"backbone: {error.message}") from error
        return settings

    def _outdated(self, product: Product, active: BankManifest) -> bool:
        """Whether the product's settings of now would make another bank of the same references."""
        same = made_by(product.settings, self._backbones.sha256(product.settings.backbone), active)
        return bool(active.references) and not same

    def _view_if_there(self, product_id: str) -> ProductView | None:
        try:
            return self.view(product_id)
        except (ProductNotFound, ProductDamaged) as error:
            logger.warning("left out of the list: %s", error)
            return None
