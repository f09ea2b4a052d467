"""Each omission is said once, with the lines that it is about."""

from dataclasses import replace

from app.evaluate.kept.results import ScoredRow
from app.evaluate.report.averages import groups
from app.evaluate.report.notes import is_partial, notes
from app.evaluate.report.wording import short_labels
from tests.evaluate.report.runs import VARIANT, metrics, scored

OTHER = replace(VARIANT, smaller_edge=672)
VARIANTS = (VARIANT, OTHER)


def said(*rows: ScoredRow, everything: tuple[str, ...] = ("a", "b")) -> list[str]:
    found = groups([each.row for each in rows])
    return notes(found, short_labels(list({group.variant: None for group in found})), everything)


def test_a_complete_run_needs_no_notes() -> None:
    assert said(scored("a", found=metrics(0.9)), scored("b", found=metrics(0.9))) == []


def test_an_incomplete_seed_is_named_with_its_shots() -> None:
    rows = [scored(name, 1, seed, metrics(0.9)) for name in "ab" for seed in (0, 1)]
    rows += [scored("a", 4, 0, metrics(0.9)), scored("b", 4, 0, metrics(0.9)), scored("a", 4, 1, metrics(0.9))]
    assert said(*rows) == ["4 shots: Image AUROC averaged without seed 1, where an object is missing."]


def test_an_object_without_masks_is_named_once_for_all_lines() -> None:
    rows = [
        scored(name, 1, 0, metrics(0.9, pro), variant)
        for name, pro in (("a", 0.8), ("b", None))
        for variant in VARIANTS
    ]
    assert said(*rows) == ["PRO averaged without b, where not defined."]


def test_an_object_without_rows_is_named_with_its_variant() -> None:
    rows = [scored("a", variant=VARIANT), scored("b", variant=VARIANT), scored("a", variant=OTHER)]
    assert said(*rows) == ["1 shot, 672 px: No row of b; the mean is over the other objects."]


def test_no_complete_seed_is_said() -> None:
    rows = [scored("a", 1, 0, metrics(0.9)), scored("b", 1, 1, metrics(0.9))]
    assert said(*rows) == ["Image AUROC without a mean: no seed has all objects."]


def test_a_mean_over_fewer_than_its_rows_is_partial() -> None:
    (group,) = groups([scored("a", found=metrics(0.9, 0.8)).row, scored("b", found=metrics(0.9)).row])
    assert [is_partial(group, metric) for metric in ("image_auroc", "pro", "image_ap")] == [False, True, False]
