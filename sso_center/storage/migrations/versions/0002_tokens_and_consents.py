"""What ends a user's tokens, and what the user let clients have."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Add the columns; a default in the database serves the rows that are there."""
    op.add_column("users", sa.Column("refresh_epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("access_epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("consents", _document, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Remove them again, and with them what was consented to."""
    for column in ("consents", "access_epoch", "refresh_epoch"):
        op.drop_column("users", column)
