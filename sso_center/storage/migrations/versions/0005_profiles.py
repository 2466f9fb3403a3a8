"""What is known of a person in one document, and people found by the beginning of a name without reading
all."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SOUGHT = ("username", "name", "email")


def upgrade() -> None:
    """Add the document, empty, and the indexes that a search reads.

    The columns `name` and `email` stay: lists and searches read them, and so does an older center that still
    runs beside this one. What they hold and a document lacks counts, so no row is written here: that would
    lock everyone's until the indexes are built.
    """
    document = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.add_column("users", sa.Column("profile", document, nullable=False, server_default="{}"))
    for column in _SOUGHT:
        op.create_index(f"ix_users_lower_{column}", "users", [_lowered(column)])


def _lowered(column: str) -> sa.TextClause:
    # In the order of code points, by which a beginning is a range: other orders have none.
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    return sa.text(f"lower({column}){collation}")


def downgrade() -> None:
    """Remove them again."""
    for column in _SOUGHT:
        op.drop_index(f"ix_users_lower_{column}", "users")
    op.drop_column("users", "profile")
