"""One line of the API's table: a route, and a call as its handler sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sso_center.base.actor import Actor
from sso_center.protocols.admin.schema import Schema

BASE = "/api/admin"


@dataclass(frozen=True)
class AdminRequest:
    """A call that may be made and is well formed.

    `actor` is the client that asks; `id` is what stands in the path; `query` and `body` are as their schemas
    say.
    """

    actor: Actor
    id: str
    query: Mapping[str, Any]
    body: Mapping[str, Any] = field(repr=False)


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
