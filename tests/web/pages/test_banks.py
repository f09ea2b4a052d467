"""The versions of a product's bank: what changed, going back, rebuilding."""

from dataclasses import replace
from hashlib import sha256

from app.storage.documents import BankManifest
from app.storage.documents_json import decode, encode
from tests.api.keyed_app import KeyedApp
from tests.api.photographs import photograph
from tests.web.pages.forms import ProductForms, pictures
from tests.web.pages_of import logged_in


def test_without_references_there_is_no_version(made: ProductForms) -> None:
    assert "The first reference makes one." in made.page("banks")


def test_references_that_came_and_went_are_named(ready: ProductForms) -> None:
    ready.done("references", files=pictures(1, first=5))
    ready.done(f"references/{sha256(photograph(0)).hexdigest()}/remove")
    page = ready.page("banks")
    assert "+ 5.png" in page
    assert "− 0.png" in page
    assert "since version 2" in page


def test_of_many_references_the_first_are_named(ready: ProductForms) -> None:
    ready.done("references", files=pictures(10, first=10))
    page = ready.page("banks")
    assert "+ 10.png, 11.png" in page
    assert "and 2 more" in page


def test_settings_that_made_a_version_are_told_as_they_were_and_are(ready: ProductForms) -> None:
    ready.done("settings", {"revision": "1", "rotation": "off", "smaller_edge": "126"})
    page = ready.page("banks")
    assert "<code>rotation</code> on → off" in page
    assert "<code>smaller_edge</code> 112 → 126" in page


def test_an_older_version_serves_again(ready: ProductForms) -> None:
    ready.done("references", files=pictures(1, first=5))
    assert "bank version 1 · 3 references" in ready.done("banks/1/activate")


def test_a_version_that_is_not_there_is_told(ready: ProductForms) -> None:
    answer = ready.send("banks/9/activate")
    assert answer.status_code == 404
    assert "data-error" in answer.text


def test_a_proposal_is_not_offered_as_it_is(keyed: KeyedApp, ready: ProductForms) -> None:
    ready.done("references", files=pictures(1, first=5))
    proposal = keyed.file.path.parent / "products" / ready.product_id / "banks" / "00000001.json"
    manifest = decode(BankManifest, proposal.read_bytes())
    proposal.write_bytes(encode(replace(manifest, reason="proposal")))
    page = ready.page("banks")
    assert f'href="{ready.path}/improvements/1"' in page
    assert "banks/1/activate" not in page


def test_a_rebuild_makes_a_version_as_it_was(ready: ProductForms) -> None:
    page = ready.done("banks")
    assert "bank version 2 · 3 references" in page
    assert "Nothing: made again as it was." in page


def test_a_rebuild_of_nothing_is_told(made: ProductForms) -> None:
    assert made.send("banks").status_code == 409


def test_who_may_only_inspect_sees_versions_and_changes_none(keyed: KeyedApp, ready: ProductForms) -> None:
    seen = ProductForms(logged_in(keyed, "inspect"), ready.product_id)
    page = seen.page("banks")
    assert "serves" in page
    assert "Rebuild" not in page
