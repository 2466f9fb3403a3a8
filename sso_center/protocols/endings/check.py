"""/endings/check: a site asks which of the sessions it takes part in are alive.

The question is JSON, `{"sids": ["..."]}`, one to a hundred of them. The answer says `alive` or `ended` for
each, and up to which position of the journal it holds. A session that the site never joined is `ended` for
it: nothing is to be learned of other sites' sessions.
"""

import json
from dataclasses import dataclass
from typing import Any

from sso_center.core.feed import Feed
from sso_center.protocols.api import Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.client_authentication import Credentials, authenticate_confidential, confirm
from sso_center.protocols.endings.position import Positions
from sso_center.services import Services

PATH = "/endings/check"
MAX_SIDS = 100
MAX_SID = 64


@dataclass(frozen=True, slots=True)
class Question:
    """Which sessions are asked after, and by whom."""

    sids: tuple[str, ...]
    sent: Credentials


def handler(services: Services, feed: Feed) -> Handler:
    """Return the endpoint."""
    positions = Positions(feed, services.clock)

    def check(call: Call) -> Answer:
        question = _read(call)
        client = authenticate_confidential(services.clients, question.sent)
        # Read first: the answer then holds at that position, and at whatever came after it.
        position = positions.current()
        alive = services.endings.check(client.client_id, question.sids)
        confirm(services.clients, client, question.sent)
        said = {sid: "alive" if is_alive else "ended" for sid, is_alive in alive.items()}
        return json_answer({"sids": said, "position": position})

    return check


def _read(call: Call) -> Question:
    if call.content_type != "application/json":
        raise InvalidRequest("Send JSON.")
    try:
        content = json.loads(call.body)
    except (ValueError, RecursionError) as bad:
        raise InvalidRequest("The body is not JSON.") from bad
    if not isinstance(content, dict):
        raise InvalidRequest("The body is not a JSON object.")
    sent = Credentials(call.authorization, _text(content, "client_id"), _text(content, "client_secret"))
    return Question(_sids(content.get("sids")), sent)


def _sids(sids: Any) -> tuple[str, ...]:
    if not isinstance(sids, list) or not 0 < len(sids) <= MAX_SIDS:
        raise InvalidRequest(f"sids must be a list of 1 to {MAX_SIDS}.")
    if not all(isinstance(sid, str) and 0 < len(sid) <= MAX_SID and sid.isascii() for sid in sids):
        raise InvalidRequest("Each of sids must be the sid of an ID token.")
    return tuple(sids)


def _text(content: dict[str, Any], name: str) -> str | None:
    value = content.get(name)
    if value is not None and not (isinstance(value, str) and value and value.isascii()):
        raise InvalidRequest(f"{name} must be text.")
    return value
