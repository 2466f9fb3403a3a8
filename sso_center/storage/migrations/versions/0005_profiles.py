"""What is known of a person in one document, and people found by the beginning of a name without reading
all."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_SOUGHT = ("username", "name", "email")


def upgrade() -> None:
    """Add the document, fill it with what the columns hold, and add the indexes that a search reads.

    The columns `name` and `email` stay: lists and searches read them, and so does an older center that still
    runs beside this one.
    """
    document = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.add_column("users", sa.Column("profile", document, nullable=False, server_default="{}"))
    _fill(document)
    for column in _SOUGHT:
        op.create_index(f"ix_users_lower_{column}", "users", [_lowered(column)])


def _fill(document: Any) -> None:
    users = sa.table(
        "users",
        sa.column("sub", sa.Text()),
        sa.column("name", sa.Text()),
        sa.column("email", sa.Text()),
        sa.column("profile", document),
    )
    connection, last = op.get_bind(), ""
    change = (
        sa.update(users)
        .where(users.c.sub == sa.bindparam("whose"))
        .values(profile=sa.bindparam("filled", type_=document))
    )
    page = sa.select(users.c.sub, users.c.name, users.c.email).order_by(users.c.sub).limit(_AT_ONCE)
    while rows := connection.execute(page.where(users.c.sub > last)).all():
        connection.execute(
            change, [{"whose": row.sub, "filled": _profile(row.name, row.email)} for row in rows]
        )
        last = rows[-1].sub


def _profile(name: str, email: str | None) -> dict[str, str]:
    return {field: value for field, value in (("name", name), ("email", email)) if value}


def _lowered(column: str) -> sa.TextClause:
    # In the order of code points, by which a beginning is a range: other orders have none.
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    return sa.text(f"lower({column}){collation}")


def downgrade() -> None:
    """Remove them again."""
    for column in _SOUGHT:
        op.drop_index(f"ix_users_lower_{column}", "users")
    op.drop_column("users", "profile")
