"""Two evaluations side by side: what is matched, what the differences are, what only one has."""

import re
from dataclasses import replace

import numpy as np
import pytest

from app.evaluate.kept.results import ImageScore, ScoredRow
from app.evaluate.metrics.image import image_metrics
from app.evaluate.report.averages import average
from app.evaluate.report.compare import compare_html, compare_markdown
from app.evaluate.report.differences.pairing import Comparison, comparison
from app.evaluate.report.differences.variants import differences
from tests.evaluate.report.runs import HOSTILE, VARIANT, metrics, run, scored
from tests.evaluate.report.test_html import Page

OTHER = replace(VARIANT, masking="off")
THIRD = replace(VARIANT, masking="on")
VALUES = {VARIANT: 0.9, OTHER: 0.95, THIRD: 0.8}
A = run(
    [scored("a", 1, 0, metrics(0.9)), scored("a", 1, 1, metrics(0.8)), scored("b", 1, 0, metrics(0.5))], title="first"
)
B = run(
    [scored("a", 1, 0, metrics(0.95), OTHER), scored("a", 1, 2, metrics(0.1), OTHER), scored("a", 4, 0, variant=OTHER)],
    title="second",
)


def only(found: Comparison) -> list[list[tuple[str, int, int]]]:
    return [[(row.object, row.shots, row.seed) for row in rows] for rows in (found.only_a, found.only_b)]


def test_single_variants_are_matched_though_they_differ() -> None:
    found = comparison(A, B)
    assert [(each.a.variant, each.b.variant, len(each.a.rows)) for each in found.pairings] == [(VARIANT, OTHER, 1)]
    assert only(found) == [[("a", 1, 1), ("b", 1, 0)], [("a", 1, 2), ("a", 4, 0)]]


def test_several_variants_are_matched_by_variant() -> None:
    a = run([scored("a", found=metrics(0.9)), scored("a", found=metrics(0.8), variant=OTHER)])
    b = run([scored("a", found=metrics(0.7), variant=OTHER), scored("a", found=metrics(0.6), variant=THIRD)])
    found = comparison(a, b)
    assert [(each.a.variant, each.b.variant) for each in found.pairings] == [(OTHER, OTHER)]
    assert [[row.variant for row in rows] for rows in (found.only_a, found.only_b)] == [[VARIANT], [THIRD]]


def test_one_variant_is_looked_for_among_several() -> None:
    several = run([scored("a", variant=OTHER), scored("a")])
    found = comparison(run([scored("a")]), several)
    assert [each.b.variant for each in found.pairings] == [VARIANT]
    assert [row.variant for row in found.only_b] == [OTHER]


def test_means_are_over_the_rows_where_both_have_the_metric() -> None:
    values_a, values_b = [(0.9, 0.5), (0.7, 0.9), (0.8, None)], [(0.8, 0.6), (0.6, None), (0.7, 0.1)]
    a, b = (
        run([scored("a", 1, seed, metrics(*each)) for seed, each in enumerate(own)]) for own in (values_a, values_b)
    )
    (pairing,) = comparison(a, b).pairings
    found = [average(group, metric) for metric in ("image_auroc", "pro") for group in (pairing.a, pairing.b)]
    assert [each.mean for each in found if each] == pytest.approx([0.8, 0.7, 0.5, 0.6])


def test_the_markdown_has_both_numbers_and_their_difference() -> None:
    a = run([scored("a", 1, 0, metrics(0.9)), scored("b", 1, 0, metrics(0.7))])
    b = run([scored("a", 1, 0, metrics(0.95)), scored("b", 1, 0, metrics(0.6))])
    text = compare_markdown(a, b)
    assert "| a | 90.0 → 95.0 (+5.00, p 1.000) | – | – | – | – | – |" in text
    assert "| b | 70.0 → 60.0 (−10.00, p 1.000) |" in text
    assert "| Mean | 80.0 → 77.5 (−2.50, p 1.000) |" in text


def test_the_markdown_names_both_variants_and_what_only_one_has() -> None:
    text = compare_markdown(A, B)
    assert text.startswith("# A: first, B: second\n")
    assert f"A: {VARIANT.label}\n\nB: {OTHER.label}" in text
    _, only_a = text.split("## Only in A")
    assert f"| a | 1 | {VARIANT.label} | 1 |" in only_a.split("## Only in B")[0]


def test_the_page_has_the_same_numbers() -> None:
    words = Page(compare_html(A, B)).words
    start = words.index("a")
    assert words[start : start + 4] == ["a", "90.0", "95.0", "+5.00, p 1.000"]
    assert {f"A: {VARIANT.label}", f"B: {OTHER.label}", "Only in A", "Only in B"} <= set(words)


def test_names_are_text_in_both() -> None:
    hostile = run([scored(HOSTILE, 1, 0, metrics(0.9))], title=HOSTILE)
    page = Page(compare_html(hostile, hostile))
    assert "b" not in page.tags
    assert HOSTILE in page.words
    assert "<b>" not in compare_markdown(hostile, hostile)


def test_runs_with_nothing_in_common_say_so() -> None:
    nothing = run([scored("z", 1, 0, metrics(0.9))])
    assert "The two have no row in common." in compare_markdown(A, nothing)
    assert "The two have no row in common." in Page(compare_html(A, nothing)).words


def test_full_shot_is_compared_as_one() -> None:
    rows = [scored("a", 5, 0, metrics(0.9), full=True), scored("b", 9, 0, metrics(0.7), full=True)]
    (pairing,) = comparison(run(rows), run(rows)).pairings
    assert (pairing.a.shots, pairing.a.objects) == ("full", ("a", "b"))


def test_a_difference_says_whether_it_is_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    bad = np.arange(80) >= 40
    runs = []
    for strength in (0.5, 4):
        drawn = rng.normal(strength * bad)
        found = image_metrics(drawn, bad)
        own = replace(metrics(found.auroc), image_ap=found.ap, image_f1_max=found.f1_max)
        scores = tuple(ImageScore(f"{place}.png", bool(bad[place]), each) for place, each in enumerate(drawn.tolist()))
        runs.append(run([ScoredRow(scored("a", found=own).row, scores)]))
    (pairing,) = comparison(*runs).pairings
    assert pairing.difference_text("image_auroc").endswith(", p 0.000*")
    assert re.fullmatch(r"\+[\d.]+, \+[\d.]+ to \+[\d.]+\*", pairing.difference_text("image_ap"))
    assert pairing.difference_text("pro") == "–"
    (same,) = comparison(runs[0], runs[0]).pairings
    assert same.difference_text("image_auroc") == "0.00, p 1.000"


def test_of_other_test_images_chance_says_nothing() -> None:
    one, other = scored("a", found=metrics(0.9)), scored("a", found=metrics(0.8))
    renamed = replace(other, scores=tuple(replace(each, image=f"other/{each.image}") for each in other.scores))
    (pairing,) = comparison(run([one]), run([renamed])).pairings
    assert pairing.difference_text("image_auroc") == "−10.00"


def test_a_report_tells_how_variants_differ_from_the_first() -> None:
    rows = [scored("a", shots, 0, metrics(value), variant) for shots in (1, 2) for variant, value in VALUES.items()]
    table = differences(run(rows), {VARIANT: "first", OTHER: "second", THIRD: "third"})
    assert [(*line[:2], line[2].split(",")[0]) for line in table.rows] == [
        ("second", "1 shot", "+5.00"),
        ("second", "2 shots", "+5.00"),
        ("third", "1 shot", "−10.00"),
        ("third", "2 shots", "−10.00"),
    ]
