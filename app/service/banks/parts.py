"""What makes, keeps and loads bank versions, put together."""

from collections.abc import Callable
from dataclasses import dataclass

from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.engine_thread import Priority
from app.service.banks.banks import BankService
from app.service.banks.builder import BankBuilder
from app.service.banks.cache import BankCache, BankKey
from app.service.banks.loader import BankLoader
from app.service.banks.serving import Prepare, ServingKnowledge
from app.service.limits import Limits
from app.storage.open import OpenStore
from app.storage.segments import SegmentPrecision


@dataclass(frozen=True, slots=True)
class BanksView:
    """The banks in memory: how many, their bytes, those of banks that were dropped while still in use, and the most
    they may take; how many are pinned, how many loads are under way; loads and evictions since the start."""

    loaded: int
    loaded_bytes: int
    held_bytes: int
    budget_bytes: int
    pinned: int
    loading: int
    loads: int
    evictions: int


class BankParts:
    """The bank versions of one store: what serves, the banks in memory, and who makes new ones."""

    def __init__(
        self,
        store: OpenStore,
        accelerator: Accelerator,
        limits: Limits,
        segment_precision: SegmentPrecision,
        changed: Callable[[str], None],
        prepare: Prepare,
    ) -> None:
        """`changed` is called with the product's id after each change that this process has made, `prepare` before a
        version serves."""
        self.serving = ServingKnowledge(store.catalog, limits.pointer_max_age_s, changed)
        self.loader = BankLoader()
        self._cache = BankCache(limits.bank_cache_bytes, self._is_pinned)
        self.builder = BankBuilder(
            store.catalog,
            store.blobs,
            accelerator.backbones,
            accelerator.pieces(Priority.REGISTRATION),
            self.serving,
            prepare,
            max_pixels=limits.max_image_pixels,
            keep_versions=limits.keep_versions,
            segment_precision=segment_precision,
            rows_held=limits.rows_held,
        )
        self.service = BankService(
            store.catalog, store.blobs, accelerator, self.builder, self._cache, self.loader, self.serving, prepare
        )

    def view(self) -> BanksView:
        """The banks in memory."""
        held = self._cache.figures()
        return BanksView(
            loaded=held.banks,
            loaded_bytes=held.size_bytes,
            held_bytes=held.held_bytes,
            budget_bytes=held.budget_bytes,
            pinned=held.pinned,
            loading=self.loader.under_way,
            loads=held.loads,
            evictions=held.evictions,
        )

    def _is_pinned(self, key: BankKey) -> bool:
        known = self.serving.last_known(key.product_id)
        return known is not None and known.product.settings.pinned and known.pointer.active == key.version
