"""A product's page: references, what may be wrong with them, masking, deletion."""

from hashlib import sha256

import cv2
import numpy as np
import pytest

from app.engine.types import Image
from tests.api.keyed_app import KeyedApp
from tests.api.photographs import photograph
from tests.web.pages.forms import ProductForms, pictures
from tests.web.pages_of import logged_in

EVIL = "<img src=x onerror=alert(1)>.png"


def decoded(jpeg: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def digest(seed: int) -> str:
    return sha256(photograph(seed)).hexdigest()


def test_a_product_without_references_says_what_to_do(made: ProductForms) -> None:
    assert "Add a handful of photographs of good parts as references." in made.page()


def test_photographs_become_references(made: ProductForms) -> None:
    page = made.done("references", files=pictures(2))
    assert "bank version 1 · 2 references" in page
    assert "0.png" in page
    assert "160 × 128 px" in page


def test_with_two_references_there_is_no_threshold_and_with_three_a_provisional_one(made: ProductForms) -> None:
    assert "every part comes out as not decidable" in made.done("references", files=pictures(2))
    assert "The threshold is provisional" in made.done("references", files=pictures(1, first=2))


def test_a_file_that_is_no_photograph_is_named_and_nothing_is_registered(made: ProductForms) -> None:
    answer = made.send("references", files=[*pictures(1), ("b.png", b"no picture")])
    assert answer.status_code == 415
    assert "Image 2 (b.png)" in answer.text
    assert "needs references" in made.page()


def test_sending_nothing_is_told(made: ProductForms) -> None:
    answer = made.send("references")
    assert answer.status_code == 400
    assert "No image was sent" in answer.text


def test_a_reference_is_shown_small(made: ProductForms) -> None:
    made.done("references", files=[("large.png", photograph(7, width=800, height=400))])
    large = sha256(photograph(7, width=800, height=400)).hexdigest()
    answer = made.browser.client.get(f"{made.path}/references/{large}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert decoded(answer.content).shape == (160, 320, 3)


def test_colours_stay_what_they_are(made: ProductForms) -> None:
    red = np.zeros((128, 160, 3), np.uint8)
    red[:, 40:, 2] = 200
    data = cv2.imencode(".png", red)[1].tobytes()
    made.done("references", files=[("red.png", data)])
    answer = made.browser.client.get(f"{made.path}/references/{sha256(data).hexdigest()}")
    blue, _, red_level = decoded(answer.content)[64, 120]
    assert red_level > 150 > blue


@pytest.mark.parametrize("name", ["0" * 64, "no-digest"])
def test_a_reference_that_is_not_there_is_told(ready: ProductForms, name: str) -> None:
    assert ready.browser.client.get(f"{ready.path}/references/{name}").status_code == 404


def test_a_reference_can_be_removed(ready: ProductForms) -> None:
    page = ready.done(f"references/{digest(0)}/remove")
    assert "bank version 2 · 2 references" in page
    assert "0.png" not in page


def test_file_names_are_shown_and_not_run(made: ProductForms) -> None:
    made.done("references", files=[("same.bmp", photograph(0, suffix=".bmp"))])
    made.done("references", files=[(EVIL, photograph(0))])
    for part in ("", "/findings", "/banks"):
        text = made.browser.client.get(made.path + part).text
        assert "<img src=x" not in text
        assert "&lt;img src=x onerror=alert(1)&gt;.png" in text


def test_findings_say_what_is_wrong_with_which_reference(ready: ProductForms) -> None:
    ready.done("references", files=[("copy.bmp", photograph(0, suffix=".bmp"))])
    page = ready.page("findings")
    assert "all but the same as another" in page
    assert f'data-of="{digest(0)}"' in page


def test_without_findings_that_is_said(made: ProductForms) -> None:
    levels = np.random.default_rng(0).integers(60, 190, (128, 160, 3)).astype(np.uint8)
    made.done("references", files=[("sharp.png", cv2.imencode(".png", levels)[1].tobytes())])
    page = made.page("findings")
    assert "Nothing was found." in page
    assert "data-of" not in page


def test_whether_more_references_would_help_is_told_on_request(ready: ProductForms) -> None:
    page = ready.page("findings?coverage=on")
    assert "a good part's score fell by" in page
    assert "Least is added by" in page


def test_the_masking_test_is_shown_and_can_be_run_again(ready: ProductForms) -> None:
    preview = ready.browser.client.get(f"{ready.path}/masking.png")
    assert preview.content.startswith(b"\x89PNG")
    assert "bank version 2 · 3 references" in ready.done("masking")


def test_the_masking_test_is_overridden(ready: ProductForms) -> None:
    page = ready.done("settings", {"revision": "1", "back": "", "masking": "on"})
    assert "The background is left out." in page
    assert "The setting masking overrides it." in page


def test_who_may_only_inspect_sees_the_state_and_no_references(keyed: KeyedApp, ready: ProductForms) -> None:
    seen = ProductForms(logged_in(keyed, "inspect"), ready.product_id)
    page = seen.page()
    assert "3 references" in page
    assert "0.png" not in page
    assert "Remove" not in page
    for part in ("references/" + digest(0), "findings", "calibration"):
        seen.page(part, 403)


def test_who_may_register_is_not_offered_what_is_for_admins(keyed: KeyedApp, ready: ProductForms) -> None:
    seen = ProductForms(logged_in(keyed, "register"), ready.product_id)
    assert "Run the test again" in seen.page()
    assert f'action="{seen.path}/settings"' not in seen.page()
    assert "Delete the product" not in seen.page("settings")
    assert seen.send("delete").status_code == 403


def test_a_deleted_product_can_be_brought_back(ready: ProductForms) -> None:
    page = ready.done("delete", {"records": "keep"})
    assert "was deleted" in page
    ready.page(status=404)
    assert "bank version 1 · 3 references" in ready.done("restore")


def test_deleting_records_that_are_not_kept_is_told_and_deletes_nothing(ready: ProductForms) -> None:
    answer = ready.send("delete", {"records": "delete"})
    assert answer.status_code == 409
    assert "not kept on record" in answer.text
    assert "3 references" in ready.page()


def test_a_damaged_bank_is_told_with_what_to_do(keyed: KeyedApp, ready: ProductForms) -> None:
    for manifest in (keyed.file.path.parent / "products" / ready.product_id / "banks").iterdir():
        manifest.write_text("{")
    page = ready.page()
    assert "damaged" in page
    assert "No reference yet" not in page


def test_an_unknown_product_is_told(keyed: KeyedApp) -> None:
    browser = logged_in(keyed, "admin")
    for part in ("", "/calibration", "/banks", "/settings", "/findings", "/masking.png"):
        assert "data-error" in browser.page(f"products/unknown{part}", 404)


def test_an_id_that_is_none_is_told(keyed: KeyedApp) -> None:
    assert "data-error" in logged_in(keyed, "admin").page("products/.hidden", 400)
