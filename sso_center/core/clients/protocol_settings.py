"""What the protocol of a client wants to know of it, as a value of that protocol's own type.

OpenID Connect's are fields of Client. Any other façade brings a frozen dataclass and a function that reads
it; SQL holds it as JSON by name, with a version.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Protocol

from sso_center.base.errors import Invalid

OIDC = "oidc"
"""The protocol of a client that is registered with no other."""

FIELD = "protocol_settings"


@dataclass(frozen=True)
class Address:
    """An address by which a client is known: it alone, or, as a prefix, all that lies below it.

    A prefix ends with `/`.
    """

    value: str
    is_prefix: bool = False


class ProtocolSettings(Protocol):
    """A frozen dataclass of fields that JSON can hold."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    version: ClassVar[int]
    """Grows when the fields change in a way that the reader has to know of."""

    @property
    def addresses(self) -> tuple[Address, ...]:
        """By which the client is found: CAS calls them services, SAML has entity ids."""


@dataclass(frozen=True)
class UnreadableSettings:
    """Settings that this center can't read, of a newer one say. It keeps them as they are stored."""

    version: ClassVar[int] = 0
    stored: dict[str, Any] = field(repr=False, hash=False)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Nobody here knows by what the client is found."""
        return ()


SettingsReader = Callable[[Mapping[str, Any]], ProtocolSettings | None]
"""Makes the settings of what was registered, or stored with its version as `v`. Raises Invalid."""

FindReader = Callable[[str], SettingsReader | None]
"""Returns the reader of a protocol, None when no client can speak it."""


def no_settings(given: Mapping[str, Any]) -> None:
    """Read the settings of a protocol that has none. Raises Invalid for any."""
    if given:
        raise Invalid(f"The protocol has no setting {next(iter(given))!r}.", field=FIELD)


def stored_form(settings: ProtocolSettings | None) -> dict[str, Any] | None:
    """Return settings as SQL holds them."""
    if isinstance(settings, UnreadableSettings):
        return settings.stored
    return None if settings is None else {"v": settings.version, **asdict(settings)}
