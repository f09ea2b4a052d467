"""The `.part` file belongs to one process at a time and loses nothing."""

from pathlib import Path

import pytest

from app.weights.part_file import locked_part


def fail() -> None:
    raise AssertionError("nobody else holds it")


def test_appended_bytes_are_in_the_file_at_once(tmp_path: Path) -> None:
    with locked_part(tmp_path / "weights.pth", fail) as part:
        part.append(b"abc")
        assert part.path.read_bytes() == b"abc"


def test_what_was_appended_outlives_an_interruption(tmp_path: Path) -> None:
    def append_and_stop() -> None:
        with locked_part(tmp_path / "weights.pth", fail) as part:
            part.append(b"abc")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        append_and_stop()
    assert (tmp_path / "weights.pth.part").read_bytes() == b"abc"


def test_a_kept_part_is_appended_to_and_a_restart_empties_it(tmp_path: Path) -> None:
    (tmp_path / "weights.pth.part").write_bytes(b"abc")
    with locked_part(tmp_path / "weights.pth", fail) as part:
        part.append(b"def")
        assert part.path.read_bytes() == b"abcdef"
        part.restart()
        part.append(b"g")
        assert (part.path.read_bytes(), part.size_bytes) == (b"g", 1)


def test_an_empty_part_leaves_nothing_behind(tmp_path: Path) -> None:
    with locked_part(tmp_path / "new" / "weights.pth", fail):
        pass
    assert list((tmp_path / "new").iterdir()) == []


def test_publishing_replaces_the_file_and_a_second_holder_starts_from_nothing(tmp_path: Path) -> None:
    final = tmp_path / "weights.pth"
    final.write_bytes(b"old")
    with locked_part(final, fail) as part:
        part.append(b"new")
        part.publish(final)
    with locked_part(final, fail) as part:
        assert part.size_bytes == 0
    assert final.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [final]
