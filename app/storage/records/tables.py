"""The tables of the records, as the newest migration leaves them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from app.storage.records.record import MOST_ID

IF_JUDGED: Any = {f"{dialect}_where": text("truth IS NOT NULL") for dialect in ("sqlite", "postgresql")}
"""So that an inspection of which nobody has said anything costs no entry."""

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

SOUGHT = ("at_us", "number", "product_id", "verdict", "station_id", "bank_version", "score", "flags")
"""What an index has in it that is gone through, from a record to the next older one, for what else is asked."""


def _but(name: str) -> tuple[str, ...]:
    return tuple(each for each in SOUGHT if each != name)


inspections = Table(
    "inspections",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("inspection_id", String(36), nullable=False, unique=True),
    Column("at_us", BigInteger, nullable=False),
    Column("product_id", String(64), nullable=False),
    Column("part_id", String(MOST_ID)),
    Column("meas_id", String(MOST_ID)),
    Column("station_id", String(MOST_ID)),
    Column("verdict", String(16), nullable=False),
    Column("score", Double, nullable=False),
    Column("threshold", Double),
    Column("calibration", String(16), nullable=False),
    Column("bank_version", Integer, nullable=False),
    Column("backbone", String(64), nullable=False),
    Column("engine", String(32), nullable=False),
    Column("precision", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("flags", Text, nullable=False),
    Column("key_name", String(MOST_ID), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("details", Text, nullable=False),
    Column("pictures", String(16), nullable=False, server_default="none"),
    Column("media_type", String(32)),
    Column("metadata", Text, nullable=False, server_default="{}"),
    Column("took_ms", Double),
    Column("truth", String(4)),
    Index("inspections_part_at", "part_id", "at_us", "number"),
    Index("inspections_score", "score", *_but("score")),
    Index("inspections_at", *SOUGHT),
    Index("inspections_product_at", "product_id", *_but("product_id"), "took_ms", "threshold"),
    Index("inspections_station_at", "station_id", *_but("station_id")),
    Index("inspections_bank_at", "bank_version", *_but("bank_version")),
    Index("inspections_verdict_at", "verdict", *_but("verdict")),
    Index("inspections_truth_at", "truth", *SOUGHT, **IF_JUDGED),
    Index("inspections_product_truth_at", "product_id", "truth", "at_us", "bank_version", "verdict", **IF_JUDGED),
)
"""`number` counts them as they were written, `at_us` is when they were made; `flags` are separated by spaces; `truth`
is that of the newest feedback. `inspections_product_at` holds all that inspections of a product are counted by."""

flags = Table(
    "inspection_flags",
    metadata,
    Column("flag", String(32), primary_key=True),
    Column("at_us", BigInteger, primary_key=True),
    Column("number", Number, ForeignKey("inspections.number", ondelete="CASCADE"), primary_key=True),
    Column("product_id", String(64), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("station_id", String(MOST_ID)),
    Column("bank_version", Integer, nullable=False),
    Column("score", Double, nullable=False),
    Index("inspection_flags_at", "flag", *_but("flags")),
    Index("inspection_flags_number", "number"),
)
"""Each flag of each inspection, to find those that have one, with what else is asked of them."""

changes = Table(
    "changes",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("change_id", String(36), nullable=False, unique=True),
    Column("at_us", BigInteger, nullable=False),
    Column("product_id", String(64)),
    Column("action", String(64), nullable=False),
    Column("request", Text, nullable=False),
    Column("key_name", String(MOST_ID), nullable=False),
    Column("by", String(MOST_ID)),
    Column("request_id", String(128), nullable=False),
    Column("before", Text, nullable=False),
    Index("changes_at", "at_us", "number"),
    Index("changes_product_at", "product_id", "at_us", "number"),
)
change_ends = Table(
    "change_ends",
    metadata,
    Column("change_id", String(36), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("error", String(64)),
    Column("after", Text, nullable=False),
)
"""A table of its own: rows of these tables are added and never changed."""

feedback = Table(
    "inspection_feedback",
    metadata,
    Column("place", Number, primary_key=True, autoincrement=True),
    Column("number", Number, ForeignKey("inspections.number", ondelete="CASCADE"), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("truth", String(4), nullable=False),
    Column("comment", Text),
    Column("said_by", String(MOST_ID)),
    Column("key_name", String(MOST_ID), nullable=False),
    Column("request_id", String(128), nullable=False),
    Index("inspection_feedback_of", "number", "place"),
)
"""All that was ever said of inspections; the largest `place` of an inspection is the newest. Nothing changes a row."""
