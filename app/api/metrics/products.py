"""Products as the label of a metric: so many and no more, whatever callers create."""

import threading

OTHER = "other"
"""Of all products beyond the first ones; a product of this id is among them."""


class ProductLabels:
    """The first `most` products that are asked for keep a label of their own, for good; 0: nothing has a label."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._labelled: set[str] = set()
        self._guard = threading.Lock()

    def of(self, product_id: str) -> str | None:
        """The label of a product; None where products are not told apart."""
        if not self._most:
            return None
        with self._guard:
            if len(self._labelled) < self._most and product_id != OTHER:
                self._labelled.add(product_id)
            return product_id if product_id in self._labelled else OTHER
