"""PatchCore's features as a view of a backbone."""

import numpy as np
import pytest
from torchvision.models.feature_extraction import create_feature_extractor

from app.engine.backbone.backbone import no_pause
from app.engine.backbone.layers import of_layers
from app.engine.backbone.resnet import ResNetBackbone
from app.engine.bank.bank import MemoryBank
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.methods.known import METHODS
from app.engine.methods.patchcore import WIDTH, PatchCoreFeatures, joined_layers, neighbourhood_means
from app.engine.options import LayersJoin, Preprocessing
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Grid
from app.errors import InvalidSettings
from app.weights.registry import load_registry
from tests.api.tiny_backbone import tiny_backbone
from tests.engine.methods.synthetic_resnet import LAYERS, drawn_image, synthetic_resnet18

SPEC = load_registry().spec("resnet18")


@pytest.fixture(scope="module")
def resnet() -> ResNetBackbone:
    return ResNetBackbone(SPEC, synthetic_resnet18().state_dict(), "cpu")


def test_a_resnet_gives_its_layers_joined_as_in_the_golden_case(resnet: ResNetBackbone) -> None:
    view, image = PatchCoreFeatures(resnet, "crop"), drawn_image("query")
    expected = joined_layers(list(create_feature_extractor(synthetic_resnet18(), list(LAYERS))(image).values()))
    found = view.extract(image.numpy())
    assert (view.spec.width, view.spec.patch_size, found.shape) == (WIDTH, 8, (1, 80, WIDTH))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


def test_the_robust_profile_joins_the_means_of_the_layers_themselves(resnet: ResNetBackbone) -> None:
    """Layer 3's means, laid over layer 2's; zeros beyond the border."""
    view, image = PatchCoreFeatures(resnet, "whole"), drawn_image("query")
    found = view.extract(image.numpy())[0].reshape(10, 8, 384)
    fine, coarse = create_feature_extractor(synthetic_resnet18(), list(LAYERS))(image).values()
    assert (view.spec.width, fine.shape[1:], coarse.shape[1:]) == (384, (128, 10, 8), (256, 5, 4))
    tolerance = 1e-5 * float(np.abs(found).max())
    np.testing.assert_allclose(found[4, 3, :128], fine[0, :, 3:6, 2:5].mean(dim=(1, 2)), rtol=1e-4, atol=tolerance)
    np.testing.assert_allclose(found[0, 0, :128], fine[0, :, :2, :2].sum(dim=(1, 2)) / 9, rtol=1e-4, atol=tolerance)
    np.testing.assert_allclose(found[0, 0, 128:], coarse[0, :, :2, :2].sum(dim=(1, 2)) / 9, rtol=1e-4, atol=tolerance)
    # A quarter of the way from the first sample to the second.
    beside = coarse[0, :, :2, :3].sum(dim=(1, 2)) / 9
    np.testing.assert_allclose(
        found[0, 1, 128:], 0.75 * found[0, 0, 128:] + 0.25 * beside.numpy(), rtol=1e-4, atol=tolerance
    )


def test_a_backbone_of_one_layer_gives_the_means_of_its_neighbourhoods() -> None:
    inner = tiny_backbone()
    images = np.random.default_rng(1).standard_normal((2, 3, 42, 56)).astype(np.float32)
    found, plain = PatchCoreFeatures(inner, "whole").extract(images), inner.extract(images)
    for each, own in zip(found, plain, strict=True):
        np.testing.assert_array_equal(each, neighbourhood_means(own, Grid(3, 4)))


def test_an_image_gives_the_same_features_in_whatever_batch_it_comes(resnet: ResNetBackbone) -> None:
    images = np.concatenate([drawn_image(f"reference{each}").numpy() for each in range(3)])
    view = PatchCoreFeatures(resnet, "whole")
    np.testing.assert_array_equal(view.extract(images)[1], view.extract(images[1:2])[0])


def test_the_pause_is_that_of_the_backbone() -> None:
    inner = tiny_backbone()
    view, pauses = PatchCoreFeatures(inner, "whole"), []
    view.pause = lambda: pauses.append(1)
    view.extract(np.zeros((1, 3, 28, 28), np.float32))
    assert pauses
    assert view.pause is inner.pause is not no_pause


@pytest.mark.parametrize(("layers", "join"), [((1, 2), "concat"), ((3,), "concat"), ((2, 3), "mean")])
def test_layers_that_it_cannot_lay_over_each_other_are_refused(
    resnet: ResNetBackbone, layers: tuple[int, ...], join: LayersJoin
) -> None:
    with pytest.raises(InvalidSettings, match=r"PatchCore|averaged"):
        PatchCoreFeatures(of_layers(resnet, layers, join), "whole")


@pytest.mark.parametrize(("fit", "metric"), [("crop", "squared_euclidean"), ("whole", "euclidean")])
def test_a_photograph_lies_at_zero_from_itself_and_is_weighed_by_the_robust_profile_alone(
    resnet: ResNetBackbone, fit: str, metric: str
) -> None:
    made = Preprocessing(112, "off", fit="crop" if fit == "crop" else "whole", method="patchcore")
    view = PatchCoreFeatures(resnet, made.fit)
    image = np.random.default_rng(2).integers(0, 255, (120, 130, 3), np.uint8)
    bank = MemoryBank([reference_segment(image, made, view)], "cpu")
    [features] = patch_features(view, [preprocess(image, 112, view.spec, made.fit)])
    everything = np.ones(features.geometry.grid.patches, bool)
    weighs = METHODS["patchcore"].weighs(made.fit)
    found = patch_distances(features, bank, everything, weighed=[everything] if weighs else [])
    assert (bank.metric, weighs) == (metric, found.weights is not None)
    np.testing.assert_array_equal(found.values, 0)
    np.testing.assert_array_equal(found.nearest, np.arange(len(everything)))
