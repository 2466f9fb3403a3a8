"""What ends a user's tokens, what the user let clients have, and the walks of cut-offs."""

import json

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
    _open_walks()


def _open_walks() -> None:
    """Begin the walk of each cut-off whose sessions the courier of before was not through with."""
    journal = sa.table(
        "journal",
        *(sa.column(name) for name in ("number", "kind", "at", "is_applied")),
        sa.column("detail", _document),
    )
    meta = sa.table("meta", sa.column("key"), sa.column("value"))
    unapplied = sa.select(journal).where(journal.c.kind == "cutoff", sa.not_(journal.c.is_applied))
    for row in op.get_bind().execute(unapplied).all():
        walk = {
            "number": row.number,
            "scope": row.detail["scope"],
            "name": row.detail["name"],
            "began_at": row.at,
        }
        op.get_bind().execute(meta.insert().values(key=f"walk:{row.number}", value=json.dumps(walk)))


def downgrade() -> None:
    """Remove them again, and with them what was consented to."""
    for column in ("consents", "access_epoch", "refresh_epoch"):
        op.drop_column("users", column)
