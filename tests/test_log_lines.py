"""Log lines: for people, or one JSON object each."""

import json
import logging
import sys
from datetime import datetime

from app.log_lines import JsonLines


def record(message: str, *arguments: object, fields: dict[str, object] | None = None) -> logging.LogRecord:
    made = logging.LogRecord("inspector.access", logging.WARNING, __file__, 1, message, arguments, None)
    if fields:
        made.__dict__["fields"] = fields
    return made


def test_a_line_is_one_object_with_its_time_in_utc() -> None:
    told = json.loads(JsonLines().format(record("took %d ms", 7)))
    assert {name: told[name] for name in ("level", "logger", "message")} == {
        "level": "warning",
        "logger": "inspector.access",
        "message": "took 7 ms",
    }
    assert datetime.fromisoformat(told["time"]).utcoffset() is not None


def test_nothing_that_is_logged_can_forge_a_line() -> None:
    line = JsonLines().format(record("a\nb\u2028c", fields={"path": '/x"\n'}))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["path"] == '/x"\n'


def test_a_failure_is_in_the_object_too() -> None:
    made = record("failed")
    try:
        raise ValueError("no such thing")
    except ValueError:
        made.exc_info = sys.exc_info()
    told = json.loads(JsonLines().format(made))
    assert told["exception"].endswith("ValueError: no such thing")
