"""Inspections and their flags."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID_LENGTH = 200
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "inspections",
        sa.Column("number", Number, primary_key=True, autoincrement=True),
        sa.Column("inspection_id", sa.String(36), nullable=False, unique=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("product_id", sa.String(64), nullable=False),
        sa.Column("part_id", sa.String(ID_LENGTH)),
        sa.Column("meas_id", sa.String(ID_LENGTH)),
        sa.Column("station_id", sa.String(ID_LENGTH)),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("threshold", sa.Double),
        sa.Column("calibration", sa.String(16), nullable=False),
        sa.Column("bank_version", sa.Integer, nullable=False),
        sa.Column("backbone", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(32), nullable=False),
        sa.Column("precision", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("flags", sa.Text, nullable=False),
        sa.Column("key_name", sa.String(ID_LENGTH), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
    )
    op.create_index("inspections_at", "inspections", ["at_us", "number"])
    op.create_index("inspections_product_at", "inspections", ["product_id", "at_us", "number"])
    op.create_index("inspections_product_verdict_at", "inspections", ["product_id", "verdict", "at_us", "number"])
    op.create_index("inspections_verdict_at", "inspections", ["verdict", "at_us", "number"])
    op.create_index("inspections_part_at", "inspections", ["part_id", "at_us", "number"])
    op.create_index("inspections_station_at", "inspections", ["station_id", "at_us", "number"])
    op.create_table(
        "inspection_flags",
        sa.Column("flag", sa.String(32), primary_key=True),
        sa.Column("at_us", sa.BigInteger, primary_key=True),
        sa.Column("number", Number, sa.ForeignKey("inspections.number", ondelete="CASCADE"), primary_key=True),
    )
