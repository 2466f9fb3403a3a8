"""A protocol of tickets, much like CAS, in one folder: what a façade is made of, to be copied from.

A site sends the browser to /tickets/login with its own address as `service`, and gets it back with a
`ticket`; it asks /tickets/validate, once, whose that is; and a notice of a logout names that ticket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sso_center.base.errors import Invalid
from sso_center.base.urls import check_registered_url
from sso_center.core.clients import Address
from sso_center.protocols.facade import Facade
from sso_center.web.paths import Paths
from tests.extending.tickets.login import LOGIN, blueprint, site_name
from tests.extending.tickets.notice import notice_request
from tests.extending.tickets.validation import PASSWORD, endpoints


@dataclass(frozen=True)
class TicketSettings:
    """What this protocol has to know of a client: the address below which all its services lie."""

    version: ClassVar[int] = 1
    service: str

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Return the addresses that the client is found by."""
        return (Address(self.service, is_prefix=True),)


def read_settings(given: Mapping[str, Any]) -> TicketSettings:
    """Return the settings of what was registered or stored. Raises Invalid."""
    unknown = set(given) - {"service", "v"}
    if unknown or not isinstance(given.get("service"), str):
        raise Invalid("A client of tickets has a service, and nothing else.", field="protocol_settings")
    return TicketSettings(check_registered_url(given["service"], field="protocol_settings"))


FACADE = Facade(
    endpoints=endpoints,
    blueprints=lambda services: [blueprint(services)],
    paths=Paths(password_posts=(PASSWORD,), for_programs=("/tickets/api/",)),
    waiting_sites={LOGIN: site_name},
    notice_request=notice_request,
    read_settings=read_settings,
)
