"""Endings for sites: the feed of endings and revocations, and the check whether sessions are alive.

Owns /endings and /endings/check, and the event streams of this process.
"""

from functools import partial

from sso_center.core.feed import Feed
from sso_center.protocols import api
from sso_center.protocols.endings import check, feed
from sso_center.protocols.endings.events import event
from sso_center.protocols.endings.streams import Streams
from sso_center.protocols.facade import Facade
from sso_center.services import Services
from sso_center.web.paths import Paths


def endpoints(services: Services) -> list[api.Endpoint]:
    """Return the endpoints for programs."""
    told = _feed(services)
    streams = Streams(told, services.clients, services.redis)
    return [
        api.Endpoint(check.PATH, ("POST",), check.handler(services, told)),
        api.Endpoint(feed.PATH, ("GET",), feed.handler(services, told, streams)),
    ]


def _feed(services: Services) -> Feed:
    describe = partial(event, services.settings.issuer)
    return Feed(services.database, services.clients, services.users, services.applier, describe)


FACADE = Facade(endpoints=endpoints, paths=Paths(polled=(feed.PATH,)))
