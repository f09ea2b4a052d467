"""What callers say with a part, what statistics count, and indexes for a million records."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SOUGHT = ("at_us", "number", "product_id", "verdict", "station_id", "bank_version", "score", "flags")
LEADING = {
    "product_at": "product_id",
    "station_at": "station_id",
    "bank_at": "bank_version",
    "verdict_at": "verdict",
    "score": "score",
}
BEHIND = {"product_at": ["took_ms"]}
ID_LENGTH = 200
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
DETAILS = "replace(replace(details, 'Infinity', '0'), 'NaN', '0')"
"""A score may be infinite, which the databases do not read as JSON. Times are not among these."""

TOOK_MS = {
    "sqlite": f"(SELECT sum(value) FROM json_each({DETAILS}, '$.timings_ms'))",
    "postgresql": f"(SELECT sum(value::double precision) FROM json_each_text(({DETAILS})::json -> 'timings_ms'))",
}


FLAGS = ("product_id", "verdict", "station_id", "bank_version", "score")


def upgrade() -> None:
    op.add_column("inspections", sa.Column("metadata", sa.Text, nullable=False, server_default="{}"))
    op.add_column("inspections", sa.Column("took_ms", sa.Double))
    op.execute(f"UPDATE inspections SET took_ms = {TOOK_MS[op.get_bind().dialect.name]}")
    for name in ("at", "product_at", "product_verdict_at", "verdict_at", "station_at"):
        op.drop_index(f"inspections_{name}", "inspections")
    op.create_index("inspections_at", "inspections", [*SOUGHT])
    for name, column in LEADING.items():
        behind = [each for each in SOUGHT if each != column]
        op.create_index(f"inspections_{name}", "inspections", [column, *behind, *BEHIND.get(name, ())])
    _widen_flags()


def _widen_flags() -> None:
    op.rename_table("inspection_flags", "narrow_flags")
    op.create_table(
        "inspection_flags",
        sa.Column("flag", sa.String(32), primary_key=True),
        sa.Column("at_us", sa.BigInteger, primary_key=True),
        sa.Column("number", Number, sa.ForeignKey("inspections.number", ondelete="CASCADE"), primary_key=True),
        sa.Column("product_id", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("station_id", sa.String(ID_LENGTH)),
        sa.Column("bank_version", sa.Integer, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
    )
    columns = ", ".join(FLAGS)
    op.execute(
        f"INSERT INTO inspection_flags (flag, at_us, number, {columns}) "
        f"SELECT flag, narrow_flags.at_us, number, {columns} FROM narrow_flags JOIN inspections USING (number)"
    )
    op.drop_table("narrow_flags")
    op.create_index("inspection_flags_number", "inspection_flags", ["number"])
    op.create_index("inspection_flags_at", "inspection_flags", ["flag", *(each for each in SOUGHT if each != "flags")])
