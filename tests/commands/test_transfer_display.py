"""What a transfer shows, in a terminal and in a log."""

import re

import pytest

from app.commands.transfer_display import transfer_display


def test_in_a_log_the_lines_tell_amount_rate_and_time_left(capfd: pytest.CaptureFixture[str]) -> None:
    with transfer_display("dinov2_vits14", line_every_s=0) as progress:
        progress("downloading", 20_000_000, 80_000_000)
        progress("downloading", 40_000_000, 80_000_000)
    line = capfd.readouterr().err
    assert re.fullmatch(r"dinov2_vits14: downloading 40\.0 MB of 80\.0 MB \(50 %\), \d.* [kMGT]B/s, \d+ s left\n", line)


def test_in_a_log_a_fast_transfer_prints_its_end_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with transfer_display("dinov2_vits14") as progress:
        for done_bytes in range(0, 101, 10):
            progress("downloading", done_bytes, 100)
        progress("verifying", 100, 100)
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_in_a_log_an_unknown_length_has_no_share(capfd: pytest.CaptureFixture[str]) -> None:
    with transfer_display("dinov2_vitb14", line_every_s=0) as progress:
        progress("downloading", 0, None)
        progress("downloading", 5_000_000, None)
    assert "downloading 5.0 MB, " in capfd.readouterr().err


def test_waiting_for_another_fetch_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    with transfer_display("dinov2_vits14") as progress:
        progress("waiting", 0, None)
    assert "waiting for another fetch" in capfd.readouterr().err


def test_in_a_terminal_a_bar_is_drawn(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with transfer_display("dinov2_vits14") as progress:
        progress("downloading", 10_000_000, 80_000_000)
        progress("downloading", 80_000_000, 80_000_000)
        progress("verifying", 40_000_000, 80_000_000)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capfd.readouterr().err)
    assert "verifying dinov2_vits14" in shown
    assert "40.0/80.0 MB" in shown
