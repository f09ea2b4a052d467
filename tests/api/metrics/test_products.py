"""Products as labels: never more than the operator asked for."""

from app.api.metrics.products import ProductLabels


def test_no_product_is_told_apart_unless_asked_for() -> None:
    assert ProductLabels(0).of("flange") is None


def test_the_first_ones_keep_their_label_and_the_rest_share_one() -> None:
    labels = ProductLabels(2)
    assert [labels.of(each) for each in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_a_product_called_other_takes_no_place() -> None:
    labels = ProductLabels(1)
    assert [labels.of(each) for each in ("other", "a")] == ["other", "a"]
