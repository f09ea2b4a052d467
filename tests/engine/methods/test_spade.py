"""SPADE beside the formulas written out."""

import numpy as np

from app.engine.methods.spade import gallery, gallery_distances

RNG = np.random.default_rng(1)
REFERENCES = [RNG.standard_normal((20 + each, 6)).astype(np.float32) for each in range(5)]
POOLED = np.stack([each.mean(axis=0) for each in REFERENCES])
IMAGE = RNG.standard_normal((9, 6)).astype(np.float32)


def test_the_gallery_holds_the_most_similar_images_and_gives_the_score() -> None:
    found = gallery(IMAGE.mean(axis=0), POOLED, 3)
    squared = [float(((IMAGE.mean(axis=0) - each) ** 2).sum()) for each in POOLED]
    assert list(found.references) == sorted(range(5), key=lambda each: squared[each])[:3]
    np.testing.assert_allclose(found.score, np.mean(sorted(squared)[:3]), rtol=1e-5)


def test_of_fewer_references_all_are_compared() -> None:
    assert sorted(gallery(IMAGE.mean(axis=0), POOLED).references) == [0, 1, 2, 3, 4]


def test_positions_are_compared_with_all_positions_of_the_gallery_alone() -> None:
    found = gallery(IMAGE.mean(axis=0), POOLED, 2)
    rows = np.concatenate([REFERENCES[each] for each in found.references])
    expected = ((IMAGE[:, None].astype(np.float64) - rows[None]) ** 2).sum(axis=2).min(axis=1)
    np.testing.assert_allclose(gallery_distances(IMAGE, REFERENCES, found, "cpu"), expected, rtol=1e-4)
