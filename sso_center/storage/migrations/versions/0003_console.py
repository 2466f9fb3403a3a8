"""What admins look at: who was here over time, and ways to find entries of the audit log and receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_journal_at", "journal", ["at"]),
    ("ix_journal_client_id_number", "journal", ["client_id", "number"]),
    ("ix_journal_cause_number", "journal", ["cause", "number"]),
    ("ix_journal_reason_number", "journal", ["reason", "number"]),
    ("ix_notices_state_client_id_next_attempt_at", "notices", ["state", "client_id", "next_attempt_at"]),
    ("ix_notices_state_number", "notices", ["state", "number"]),
    ("ix_notices_client_id_state_number", "notices", ["client_id", "state", "number"]),
    ("ix_notices_cause_client_id_state", "notices", ["cause", "client_id", "state"]),
    # With the instant, so that the newest of many come without sorting them all.
    ("ix_audit_sub_at", "audit", ["sub", "at"]),
    ("ix_audit_sid_at", "audit", ["sid", "at"]),
    ("ix_audit_client_id_at", "audit", ["client_id", "at"]),
    ("ix_audit_address_at", "audit", ["address", "at"]),
)


def upgrade() -> None:
    """Add the tables, the columns and the indexes."""
    op.create_table(
        "presence",
        sa.Column("at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at", name="pk_presence"),
    )
    op.create_table(
        "breakers",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("probe_at", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", name="pk_breakers"),
    )
    op.add_column("notices", sa.Column("last_attempt_at", sa.BigInteger(), nullable=True))
    op.add_column("notices", sa.Column("cause", sa.BigInteger(), nullable=True))
    op.add_column("journal", sa.Column("cause", sa.BigInteger(), nullable=True))
    op.drop_index("ix_notices_state_next_attempt_at", "notices")
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    op.drop_index("ix_audit_sub", "audit")


def downgrade() -> None:
    """Remove them again."""
    op.create_index("ix_audit_sub", "audit", ["sub"])
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
    op.create_index("ix_notices_state_next_attempt_at", "notices", ["state", "next_attempt_at"])
    op.drop_column("journal", "cause")
    op.drop_column("notices", "cause")
    op.drop_column("notices", "last_attempt_at")
    op.drop_table("breakers")
    op.drop_table("presence")
