"""/endings: endings and revocations, for the sites that they concern.

As JSON it answers at once: everything acknowledged before lies at or before its position. As
`text/event-stream` the answer streams each event as it is recorded.
"""

import re

from sso_center.core.feed import Feed, Page, Position
from sso_center.protocols.api import NOT_STORED, PRIVATE_JSON, Answer, Call, Handler
from sso_center.protocols.api_errors import InvalidRequest, NotAcceptable
from sso_center.protocols.client_authentication import Credentials, authenticate_confidential, confirm
from sso_center.protocols.endings.streams import Streams
from sso_center.protocols.parameters import parse
from sso_center.services import Services
from sso_center.web import metrics
from sso_center.web.streams import STREAM

PATH = "/endings"

EVENT_STREAM = "text/event-stream"

# nginx buffers an answer to send it in larger pieces, unless it is told not to.
_STREAMED = (
    ("Content-Type", f"{EVENT_STREAM}; charset=utf-8"),
    *NOT_STORED,
    ("X-Accel-Buffering", "no"),
)

_POSITION = re.compile(r"([A-Za-z0-9_-]{1,64}):([0-9]{1,18})")


def handler(services: Services, feed: Feed, streams: Streams) -> Handler:
    """Return the endpoint."""
    clients = services.clients

    def feed_page(call: Call) -> Answer:
        after = _after(call)
        sent = Credentials(call.authorization, None, None)
        client = authenticate_confidential(clients, sent)
        page = feed.since(client.client_id, after)
        client = confirm(clients, client, sent)
        if not _wants_stream(call.header("Accept")):
            metrics.count_sent_events("json", len(page.entries))
            return Answer(200, PRIVATE_JSON, _json(page))
        if STREAM not in call.environ:
            raise NotAcceptable("This server can't keep a stream open: ask for application/json.")
        source = None if call.method == "HEAD" else streams.open(client, sent, after, page)
        return Answer(200, _STREAMED, b"", source)

    return feed_page


def _after(call: Call) -> Position | None:
    """Return the position after which events are wanted: Last-Event-ID wins over the query.

    Raises InvalidRequest.
    """
    parameters = parse(call.query)
    if parameters.broken:
        raise InvalidRequest(parameters.problem)
    said = call.header("Last-Event-ID") or parameters.get("after")
    if said is None:
        return None
    read = _POSITION.fullmatch(said)
    if read is None:
        raise InvalidRequest("A position has the form lineage:number.")
    return Position(read[1], int(read[2]))


def _wants_stream(accept: str) -> bool:
    return EVENT_STREAM in accept and any(
        part.partition(";")[0].strip().lower() == EVENT_STREAM for part in accept.split(",")
    )


def _json(page: Page) -> bytes:
    is_whole = b"true" if page.is_whole else b"false"
    endings = b",".join([one.event for one in page.entries])
    position = str(page.position).encode()
    return b'{"position":"%b","is_whole":%b,"endings":[%b]}' % (position, is_whole, endings)
