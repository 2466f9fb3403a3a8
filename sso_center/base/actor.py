"""Who acts, and from where: what the journal and the audit log say of a change."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a request came from; empty for what comes from no request."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


NOWHERE = Origin()


@dataclass(frozen=True)
class Actor:
    """Who asks for a change: `id` is a `sub`, `client:<id>`, `cli` or `center`."""

    id: str
    origin: Origin = NOWHERE
