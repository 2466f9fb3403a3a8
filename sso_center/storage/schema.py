"""The tables of the durable store. Times are milliseconds since 1970; ids and hashes are text.

A change here needs a new file in `migrations/versions`, and `REVISION` to name it.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB

REVISION = "0005"
"""The newest migration: what a database must be at for this code."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite numbers rows by itself only in a column whose type is literally INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""`lineage`: random, names this very store; `config_version`: raised by each change of clients or keys;
`set_back`: present while the store is known to be an older copy that no admin has accepted."""

users = Table(
    "users",
    metadata,
    Column("sub", Text, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("profile", Document, nullable=False, server_default="{}"),
    Column("roles", Document, nullable=False),
    Column("password_hash", Text),
    Column("is_disabled", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("refresh_epoch", Integer, nullable=False, server_default="0"),
    Column("access_epoch", Integer, nullable=False, server_default="0"),
    Column("consents", Document, nullable=False, server_default="{}"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("password_changed_at", BigInteger),
)
"""`username` is stored casefolded; `profile` is what is known of the person, by field, and `name` and
`email` repeat it for searches and for an older center; `roles` is a list of text; a raised `epoch` ends
earlier sessions, `refresh_epoch` and `access_epoch` earlier tokens; `consents` is client_id -> scope and
granted_at."""

clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text),
    Column("settings", Document, nullable=False),
    Column("protocol", Text, nullable=False, server_default="oidc"),
    Column("protocol_settings", Document),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
"""`settings` holds the redirect addresses and everything else that a client chose, `protocol_settings` what
only its protocol asks for."""

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("alg", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("public", Document),
    Column("private_encrypted", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("activated_at", BigInteger),
    Column("retired_at", BigInteger),
)
"""`purpose` is jwt or cookie; `state` is next, active or retired."""

journal = Table(
    "journal",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("shard", Text),
    Column("sub", Text),
    Column("sid", Text),
    Column("client_id", Text),
    Column("reason", Text),
    Column("actor", Text),
    Column("detail", Document),
    Column("is_applied", Boolean, nullable=False),
    Column("cause", BigInteger),
    Index(None, "shard", "number"),
    Index(None, "sid"),
    Index(None, "sub"),
    Index(None, "at"),
    Index("ix_journal_client_id_number", "client_id", "number"),
    Index("ix_journal_cause_number", "cause", "number"),
    Index("ix_journal_reason_number", "reason", "number"),
)
"""Every acknowledged ending, cut-off and revocation, in commit order; `shard` is null for entries of all
shards, `cause` is the number of the cut-off (or changed account) whose job ended the session."""

Index(
    "ix_journal_not_applied",
    journal.c.number,
    postgresql_where=journal.c.is_applied == false(),
    sqlite_where=journal.c.is_applied == false(),
)

notices = Table(
    "notices",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("number", BigInteger, ForeignKey("journal.number"), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("sid", Text, nullable=False),
    Column("sub", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger),
    Column("leased_until", BigInteger),
    Column("last_error", Text),
    Column("status_code", Integer),
    Column("took_ms", Integer),
    Column("created_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
    Column("last_attempt_at", BigInteger),
    Column("cause", BigInteger),
    Column("protocol", Text, nullable=False, server_default="oidc"),
    Column("handle", Text, nullable=False, server_default=""),
    UniqueConstraint("number", "client_id", "sid"),
    Index("ix_notices_state_client_id_next_attempt_at", "state", "client_id", "next_attempt_at"),
    Index("ix_notices_state_number", "state", "number"),
    Index("ix_notices_client_id_state_number", "client_id", "state", "number"),
    Index("ix_notices_cause_client_id_state", "cause", "client_id", "state"),
)
"""The notice of one ending to one client; `state` is pending, confirmed, gave_up, superseded or shown,
`cause` the journal's of the same name, or the cut-off itself, `handle` the session's name in the client's
protocol. It is retried for a day from `created_at`."""

breakers = Table(
    "breakers",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("probe_at", BigInteger, nullable=False),
    Column("last_error", Text),
)
"""Clients whose last notice failed: how many failed in a row, and when an open breaker allows the next
attempt."""

audit = Table(
    "audit",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("sub", Text),
    Column("client_id", Text),
    Column("sid", Text),
    Column("actor", Text),
    Column("address", Text),
    Column("user_agent", Text),
    Column("request_id", Text),
    Column("detail", Document),
    Column("origin", Text, unique=True),
    Index(None, "at"),
    Index(None, "sub", "at"),
    Index(None, "sid", "at"),
    Index(None, "client_id", "at"),
    Index(None, "address", "at"),
)

presence = Table(
    "presence",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),
    Column("sessions", Integer, nullable=False),
)
"""How many people and living sessions there were at a moment: the data of the chart over time."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""The leases of couriers: one of them at a time does a kind of work."""
