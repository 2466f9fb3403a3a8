"""Which client an address belongs to: CAS names a site by its service's address, SAML by its entity id."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sso_center.base.errors import Conflict, Invalid
from sso_center.base.urls import check_registered_url
from sso_center.core.clients.client import Client
from sso_center.core.clients.protocol_settings import FIELD, Address, UnreadableSettings

_CLIMBS = ("/../", "/./", "/..;", "%2e", "%2f", "%5c")
"""What may lead a browser or the site's server to another place than the one below which it stands."""


@dataclass(frozen=True)
class AddressBook:
    """The addresses of all clients, by protocol.

    An address is found when a client has exactly it, character by character; else the client has it that
    registered the longest prefix of it. A prefix is compared as text, so it ends with `/`: then nothing of
    the host, the port or the last folder is left open. What lies below one must be an address that could be
    registered, without anything that leads out again. What two clients claim belongs to neither.
    """

    exact: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    prefixes: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def add(self, client: Client) -> None:
        """Enter all addresses of a client."""
        for address in addresses_of(client):
            if address.is_prefix:
                book = self.prefixes.setdefault(client.protocol, {})
                book.setdefault(address.value, set()).add(client.client_id)
            else:
                self.exact.setdefault((client.protocol, address.value), set()).add(client.client_id)

    def find(self, protocol: str, address: str) -> str | None:
        """Return the id of the client that has an address in a protocol, or None."""
        owners = self.exact.get((protocol, address)) or self._below_a_prefix(protocol, address)
        return next(iter(owners)) if len(owners) == 1 else None

    def _below_a_prefix(self, protocol: str, address: str) -> set[str]:
        prefixes = self.prefixes.get(protocol, {})
        found = [prefix for prefix in prefixes if address.startswith(prefix)]
        return prefixes[max(found, key=len)] if found and _is_plain(address) else set()


def _is_plain(address: str) -> bool:
    path = address.partition("?")[0].lower()
    try:
        check_registered_url(address, field="address")
    except Invalid:
        return False
    return not path.endswith(("/..", "/.")) and not any(part in path for part in _CLIMBS)


def address_book(clients: Iterable[Client]) -> AddressBook:
    """Return the book of these clients."""
    book = AddressBook()
    for client in clients:
        book.add(client)
    return book


def addresses_of(client: Client) -> tuple[Address, ...]:
    """Return the addresses by which a client is found."""
    return client.protocol_settings.addresses if client.protocol_settings else ()


def check_addresses(client: Client, others: Iterable[Client]) -> None:
    """Raise Invalid for a prefix whose end is open, Conflict for an address that another client
    has or, as nobody can read its settings, may have.
    """
    own = set(addresses_of(client))
    for address in own:
        if address.is_prefix and (not address.value.endswith("/") or address.value.count("/") < 3):
            raise Invalid(f"{address.value!r} must end with a slash after its host or path.", field=FIELD)
    for other in others:
        if other.protocol != client.protocol or other.client_id == client.client_id:
            continue
        if isinstance(other.protocol_settings, UnreadableSettings):
            raise Conflict(
                f"The addresses of {other.client_id!r} can't be read here: it might have this one."
            )
        for taken in own.intersection(addresses_of(other)):
            raise Conflict(f"{other.client_id!r} is registered with {taken.value!r} already.")
