"""What was scraped, as numbers."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Scrape = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(text: str) -> Scrape:
    """The value of each series by its name and its labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, frozenset(sample.labels.items())): float(sample.value)
        for family in families
        for sample in family.samples
    }


def value(text: str, name: str, /, **labels: str) -> float | None:
    """The value of one series; None where there is none."""
    return scraped(text).get((name, frozenset(labels.items())))
