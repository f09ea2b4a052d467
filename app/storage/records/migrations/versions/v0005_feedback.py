"""What people say of inspections, and what counting by their threshold takes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID_LENGTH = 200
SOUGHT = ("at_us", "number", "product_id", "verdict", "station_id", "bank_version", "score", "flags")
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IF_JUDGED: Any = {f"{dialect}_where": sa.text("truth IS NOT NULL") for dialect in ("sqlite", "postgresql")}


def upgrade() -> None:
    op.add_column("inspections", sa.Column("truth", sa.String(4)))
    op.create_index("inspections_truth_at", "inspections", ["truth", *SOUGHT], **IF_JUDGED)
    by_product = ["product_id", "truth", "at_us", "bank_version", "verdict"]
    op.create_index("inspections_product_truth_at", "inspections", by_product, **IF_JUDGED)
    op.drop_index("inspections_product_at", "inspections")
    counted = ["product_id", *(each for each in SOUGHT if each != "product_id"), "took_ms", "threshold"]
    op.create_index("inspections_product_at", "inspections", counted)
    op.create_table(
        "inspection_feedback",
        sa.Column("place", Number, primary_key=True, autoincrement=True),
        sa.Column("number", Number, sa.ForeignKey("inspections.number", ondelete="CASCADE"), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("truth", sa.String(4), nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("said_by", sa.String(ID_LENGTH)),
        sa.Column("key_name", sa.String(ID_LENGTH), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
    )
    op.create_index("inspection_feedback_of", "inspection_feedback", ["number", "place"])
