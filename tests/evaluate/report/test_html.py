"""The page: whole in itself, escaped, with the pictures in it."""

import base64
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from app.evaluate.kept.results import Run, Verdicts
from app.evaluate.planned.plan import Skipped
from app.evaluate.report.content import report
from app.evaluate.report.html import html
from tests.evaluate.report.runs import HOSTILE, SCORES, VARIANT, ZERO_SHOT, metrics, picture, run, scored

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Reads a page: its tags, addresses and words; a tag that is closed out of turn is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def made(a_run: Run, folder: Path) -> Page:
    return Page(html(report(a_run, datetime(2025, 3, 1, tzinfo=UTC)), a_run, folder))


def pictured(folder: Path) -> Run:
    for name in ("original.png", "truth.png", "map.png"):
        (folder / name).write_bytes(name.encode())
    pictures = [picture(HOSTILE, SCORES[0]), picture(HOSTILE, SCORES[3], mask=None)]
    rows = [scored(HOSTILE, 1, 0, metrics(0.75, 0.8)), scored("a", 4, 0, metrics(0.9))]
    return run(rows, title=HOSTILE, pictures=pictures, skipped=[Skipped(HOSTILE, 9, 1, HOSTILE)])


def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    page = made(pictured(tmp_path), tmp_path)
    assert "b" not in page.tags
    assert page.words.count(HOSTILE) >= 5  # title, table, section, skipped object and reason


def test_the_page_needs_no_script_and_no_other_file(tmp_path: Path) -> None:
    page = made(pictured(tmp_path), tmp_path)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert {address[:5] for address in page.addresses if not address.startswith("#")} == {"data:"}


def test_every_anchor_leads_somewhere(tmp_path: Path) -> None:
    a_run = pictured(tmp_path)
    text = html(report(a_run, datetime(2025, 3, 1, tzinfo=UTC)), a_run, tmp_path)
    anchors = {address for address in Page(text).addresses if address.startswith("#")}
    assert anchors
    assert all(f'id="{anchor[1:]}"' in text for anchor in anchors)


def test_pictures_are_in_the_page_and_gone_ones_are_said_to_be(tmp_path: Path) -> None:
    page = made(pictured(tmp_path), tmp_path)
    original = "data:image/png;base64," + base64.b64encode(b"original.png").decode()
    assert page.addresses.count(original) == 2
    assert page.words.count("The file is gone.") == 1  # mask.png of the first
    assert page.words.count("none") == 1  # the second has no mask
    assert any(words.endswith("0.5") for words in page.words)
    assert "bad, image score 0.4000" in page.words


def test_each_object_has_its_plots(tmp_path: Path) -> None:
    page = made(pictured(tmp_path), tmp_path)
    assert page.tags.count("svg") == 1 + 2 * 2
    assert "ROC, AUROC 75.0 %" in page.words


def test_the_verdicts_stand_in_the_page_and_the_threshold_in_the_plot(tmp_path: Path) -> None:
    page = made(run([scored("a", 4, verdicts=Verdicts(0.25, 0.2, 0.5, 0.125, 0.75, 0.1, 0.5, 1.0))]), tmp_path)
    place = page.words.index("Oracle's found") + 4
    assert page.words[place + 1 : place + 8] == ["a", "20.0", "50.0", "12.5", "75.0", "50.0", "100.0"]
    assert page.words.count("service's threshold") == 1


def test_the_page_begins_with_the_mistakes_and_their_pictures(tmp_path: Path) -> None:
    (tmp_path / "original.png").write_bytes(b"original.png")
    judged = scored("a", 1, 0, metrics(0.75), verdicts=Verdicts(0.25, 0.2, 0.5))
    page = made(run([judged], pictures=[picture("a", SCORES[2]), picture("a", SCORES[3])]), tmp_path)
    order = [page.words.index(each) for each in ("1 of 2", "a: 1 bad part missed", "Image AUROC, %")]
    assert order == sorted(order)
    assert page.words.index("test/bent/0.png, image score 0.2000, threshold 0.2500") < order[2]
    assert page.addresses.count("data:image/png;base64," + base64.b64encode(b"original.png").decode()) == 2


def test_one_number_of_shots_has_no_learning_curve(tmp_path: Path) -> None:
    page = made(run([scored("a", 1, 0, metrics(0.9))]), tmp_path)
    assert "Learning curves" not in page.words
    assert page.tags.count("svg") == 2


def test_a_zero_shot_run_makes_a_page(tmp_path: Path) -> None:
    page = made(run([scored("a", 0, 0, metrics(0.9), ZERO_SHOT)]), tmp_path)
    assert f"Zero-shot, seed 0. {ZERO_SHOT.label}." in page.words


def test_a_run_without_rows_makes_a_page(tmp_path: Path) -> None:
    page = made(run([], skipped=[Skipped("a", 9, 1, "too few")]), tmp_path)
    assert "too few" in page.words
    assert VARIANT.label not in page.words
