"""One line of the API's table: a route, and a call as its handler sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sso_center.core.audit import Tag
from sso_center.protocols.admin.schema import Schema
from sso_center.services import Services

BASE = "/api/admin"


@dataclass(frozen=True)
class AdminRequest:
    """A call that may be made and is well formed.

    `client_id` asks; `id` is what stands in the path; `query` and `body` are as their schemas say.
    """

    client_id: str
    id: str
    query: Mapping[str, Any]
    body: Mapping[str, Any] = field(repr=False)
    address: str
    user_agent: str
    request_id: str

    @property
    def actor(self) -> str:
        """Who the audit log and the journal say it was."""
        return f"client:{self.client_id}"

    @property
    def trail(self) -> dict[str, Any]:
        """Return what every audit entry says of the caller."""
        return {
            "actor": self.actor,
            "address": self.address,
            "user_agent": self.user_agent,
            "request_id": self.request_id,
        }

    def note(
        self,
        services: Services,
        did: str,
        *,
        sub: str | None = None,
        sid: str | None = None,
        client_id: str | None = None,
        **detail: Any,
    ) -> None:
        """Say in the audit log where a deed came from that core recorded itself. Raises Unavailable."""
        said = {"did": did, **detail}
        services.audit.record(Tag.API_USED, sub=sub, sid=sid, client_id=client_id, detail=said, **self.trail)


@dataclass(frozen=True)
class Route:
    """What is served at a method and path, and all that the document says of it.

    `path` goes on behind /api/admin and may hold one `{name}`. `answer` is the schema of what the handler
    returns, None for an answer without a body. `refusals` are the statuses that are this route's own.
    `media` are the types of an answer that is not JSON; its handler returns a whole Answer.
    """

    method: str
    below: str
    name: str
    summary: str
    handler: Callable[[AdminRequest], Any]
    answer: Schema | None
    status: int = 200
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    refusals: tuple[int, ...] = ()
    media: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The whole path."""
        return BASE + self.below

    @property
    def parameter(self) -> str:
        """The name of what stands in the path, '' when nothing does."""
        return self.below.partition("{")[2].partition("}")[0]
