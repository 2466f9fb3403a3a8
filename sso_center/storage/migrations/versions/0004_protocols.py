"""Clients and notices of other protocols than OpenID Connect."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_document = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the columns; a default serves the rows that are there, and those that older workers add."""
    op.add_column("clients", sa.Column("protocol", sa.Text(), nullable=False, server_default="oidc"))
    op.add_column("clients", sa.Column("protocol_settings", _document, nullable=True))
    op.add_column("notices", sa.Column("protocol", sa.Text(), nullable=False, server_default="oidc"))
    op.add_column("notices", sa.Column("handle", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Remove them again."""
    op.drop_column("notices", "handle")
    op.drop_column("notices", "protocol")
    op.drop_column("clients", "protocol_settings")
    op.drop_column("clients", "protocol")
