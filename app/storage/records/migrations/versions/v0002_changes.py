"""Who changed what, and how it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID_LENGTH = 200
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("number", Number, primary_key=True, autoincrement=True),
        sa.Column("change_id", sa.String(36), nullable=False, unique=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("product_id", sa.String(64)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("key_name", sa.String(ID_LENGTH), nullable=False),
        sa.Column("by", sa.String(ID_LENGTH)),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("before", sa.Text, nullable=False),
    )
    op.create_index("changes_at", "changes", ["at_us", "number"])
    op.create_index("changes_product_at", "changes", ["product_id", "at_us", "number"])
    op.create_table(
        "change_ends",
        sa.Column("change_id", sa.String(36), primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("error", sa.String(64)),
        sa.Column("after", sa.Text, nullable=False),
    )
