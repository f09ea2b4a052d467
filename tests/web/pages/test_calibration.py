"""A product's calibration: scores, the threshold among them, what is promised, the images."""

from hashlib import sha256

import pytest

from app.web.pages.calibration.histogram import AXIS, UP, WIDTH, Histogram, Scores
from tests.api.photographs import photograph
from tests.web.pages.forms import ProductForms, pictures


@pytest.fixture
def calibrated(ready: ProductForms) -> ProductForms:
    """Four good images that set the threshold (alpha 0.25), 10.png to 13.png, and a bad one, 20.png."""
    ready.done("settings", {"revision": "1", "alpha": "0.25"})
    ready.done("calibration/images", {"is_good": "true"}, pictures(4, first=10))
    ready.done("calibration/images", {"is_good": "false"}, pictures(1, first=20))
    return ready


def name_of(seed: int) -> str:
    return sha256(photograph(seed)).hexdigest()


def revision(forms: ProductForms) -> str:
    page = forms.page("calibration")
    return page.split('name="revision" value="')[1].split('"')[0]


def test_without_references_it_says_to_add_some(made: ProductForms) -> None:
    assert "First add references" in made.page("calibration")
    answer = made.send("calibration/images", {"is_good": "true"}, pictures(1, first=10))
    assert answer.status_code == 409


def test_references_alone_promise_what_three_of_them_can(ready: ProductForms) -> None:
    page = ready.page("calibration")
    assert "On average 25% of the good parts are called not ok, or fewer; in bad luck 63.2%." in page
    assert "References, each among the others, that would be called not ok: 0 of 3." in page
    assert "How many bad parts are found is not known: show some." in page


def test_good_images_set_the_threshold_and_bad_ones_are_counted(calibrated: ProductForms) -> None:
    page = calibrated.page("calibration")
    assert "4 of 3 that alpha 0.25 needs" in page
    assert "Good images that would be called not ok:" in page
    assert "Bad images that are found:" in page
    assert "10.png" in page


def test_images_have_to_be_called_good_or_bad(ready: ProductForms) -> None:
    answer = ready.send("calibration/images", {"is_good": "perhaps"}, pictures(1, first=10))
    assert answer.status_code == 400
    assert "good parts or bad ones" in answer.text


def test_a_reference_is_refused_by_its_name(ready: ProductForms) -> None:
    answer = ready.send("calibration/images", {"is_good": "true"}, pictures(1))
    assert answer.status_code == 409
    assert "Image 0.png is a reference" in answer.text


def test_a_threshold_of_ones_own_is_saved_with_its_bank_version_and_given_up(calibrated: ProductForms) -> None:
    own = {"threshold.value": "0", "threshold.bank_version": "1", "back": "calibration"}
    page = calibrated.done("settings", {"revision": revision(calibrated), **own})
    assert "Nothing: the threshold is one of your own." in page
    assert "Good images that would be called not ok: 4 of 4." in page
    assert "Go back to the measured one" in page
    page = calibrated.done("settings", {"revision": revision(calibrated), "threshold": "none", "back": "calibration"})
    assert "On average" in page


def test_a_threshold_of_another_version_is_told(calibrated: ProductForms) -> None:
    own = {"threshold.value": "0.5", "threshold.bank_version": "1", "back": "calibration"}
    calibrated.done("settings", {"revision": revision(calibrated), **own})
    calibrated.done("references", files=pictures(1, first=30))
    assert "was chosen by the scores of bank version 1" in calibrated.page("calibration")


def test_an_image_is_called_bad_and_taken_out(calibrated: ProductForms) -> None:
    page = calibrated.done(f"calibration/images/{name_of(10)}", {"is_good": "false"})
    assert "3 of 3 that alpha" in page
    page = calibrated.done(f"calibration/images/{name_of(10)}/remove")
    assert "10.png" not in page


def test_images_are_measured_again(calibrated: ProductForms) -> None:
    assert "4 of 3 that alpha" in calibrated.done("calibration")


def test_an_image_is_shown_small_and_one_that_is_not_there_is_told(calibrated: ProductForms) -> None:
    shown = calibrated.browser.client.get(f"{calibrated.path}/calibration/images/{name_of(10)}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert calibrated.browser.client.get(f"{calibrated.path}/calibration/images/{'0' * 64}").status_code == 404
    assert calibrated.browser.client.get(f"{calibrated.path}/calibration/images/x").status_code == 404


def test_what_lies_above_a_threshold_is_counted_as_verdicts_are() -> None:
    scores = Scores((0.1, 0.2, 0.3), (0.3, 0.4), by_references=False, held=0)
    assert scores.above(0.2) == (1, 2)
    assert scores.above(0.3) == (0, 1)


def test_bars_count_every_score_and_the_fullest_is_the_longest() -> None:
    scores = Scores((0.1, 0.1, 0.1, 0.2), (0.4,), by_references=False, held=0)
    drawn = Histogram.of(scores, [0.45])
    assert sum(bar.count for bar in drawn.good) == 4
    assert sum(bar.count for bar in drawn.bad) == 1
    longest = max(drawn.good, key=lambda bar: bar.height)
    assert (longest.count, longest.height, longest.y) == (3, UP, AXIS - UP)
    assert longest.low <= 0.1 < longest.high


@pytest.mark.parametrize(("largest", "top"), [(0.45, 0.5), (0.004, 0.005), (37.0, 50.0), (0.0, 1.0)])
def test_the_axis_ends_at_a_round_score_beyond_the_largest(largest: float, top: float) -> None:
    drawn = Histogram.of(Scores((largest,), (), by_references=False, held=0), [None])
    assert drawn.top == pytest.approx(top)
    assert drawn.ticks[-1] == pytest.approx((drawn.top, WIDTH))
    assert drawn.x(drawn.top / 2) == WIDTH / 2
