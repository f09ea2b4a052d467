"""How a log line is written: for people, or as a JSON object for programs that gather logs."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

LogFormat = Literal["text", "json"]


class JsonLines(logging.Formatter):
    """One object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, `exception` where there is one, and what
    the line gives as `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told | getattr(record, "fields", {}), default=str)


def start_logging(level: str, form: LogFormat) -> None:
    """Log to stderr, one line an event."""
    writing = logging.StreamHandler(sys.stderr)
    writing.setFormatter(JsonLines() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[writing], force=True)
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)
