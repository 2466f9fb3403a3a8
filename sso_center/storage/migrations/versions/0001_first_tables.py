"""The first tables."""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables, and give the store its lineage."""
    _make_meta()
    _make_users()
    _make_clients()
    _make_signing_keys()
    _make_journal()
    _make_notices()
    _make_audit()
    _make_leases()


def downgrade() -> None:
    """Remove all tables."""
    for table in ("leases", "audit", "notices", "journal", "signing_keys", "clients", "users", "meta"):
        op.drop_table(table)


def _make_meta() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.bulk_insert(
        meta,
        [
            {"key": "lineage", "value": secrets.token_hex(8)},
            {"key": "config_version", "value": "1"},
        ],
    )


def _make_users() -> None:
    op.create_table(
        "users",
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("roles", _document, nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("password_changed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sub", name="pk_users"),
        sa.UniqueConstraint("username", name="uq_users_username"),
    )


def _make_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text()),
        sa.Column("settings", _document, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_clients"),
    )


def _make_signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("public", _document),
        sa.Column("private_encrypted", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("activated_at", sa.BigInteger()),
        sa.Column("retired_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )


def _make_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("shard", sa.Text()),
        sa.Column("sub", sa.Text()),
        sa.Column("sid", sa.Text()),
        sa.Column("client_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("actor", sa.Text()),
        sa.Column("detail", _document),
        sa.Column("is_applied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_journal"),
        sa.UniqueConstraint("id", name="uq_journal_id"),
    )
    op.create_index("ix_journal_shard_number", "journal", ["shard", "number"])
    op.create_index("ix_journal_sid", "journal", ["sid"])
    op.create_index("ix_journal_sub", "journal", ["sub"])
    not_applied = sa.column("is_applied") == sa.false()
    op.create_index(
        "ix_journal_not_applied",
        "journal",
        ["number"],
        postgresql_where=not_applied,
        sqlite_where=not_applied,
    )


def _make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", _row_number, nullable=False, autoincrement=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger()),
        sa.Column("leased_until", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.Column("status_code", sa.Integer()),
        sa.Column("took_ms", sa.Integer()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.ForeignKeyConstraint(["number"], ["journal.number"], name="fk_notices_number"),
        sa.UniqueConstraint("number", "client_id", "sid", name="uq_notices_number_client_id_sid"),
    )
    op.create_index("ix_notices_state_next_attempt_at", "notices", ["state", "next_attempt_at"])


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _row_number, nullable=False, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text()),
        sa.Column("client_id", sa.Text()),
        sa.Column("sid", sa.Text()),
        sa.Column("actor", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("request_id", sa.Text()),
        sa.Column("detail", _document),
        sa.Column("origin", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("origin", name="uq_audit_origin"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_sub", "audit", ["sub"])


def _make_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
