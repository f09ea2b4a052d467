"""Which pictures of an inspection were kept, and how its flags are found."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("inspections", sa.Column("pictures", sa.String(16), nullable=False, server_default="none"))
    op.add_column("inspections", sa.Column("media_type", sa.String(32)))
    op.create_index("inspection_flags_number", "inspection_flags", ["number"])
