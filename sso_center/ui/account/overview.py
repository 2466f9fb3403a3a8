"""What the account page shows: sites and devices, ready for the template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sso_center.base.errors import NotFound
from sso_center.core.sessions import Session, SessionView, Step
from sso_center.services import Services
from sso_center.ui.devices import device_of
from sso_center.web.language import ago, gettext


@dataclass(frozen=True)
class Site:
    """A site that the person is signed in at; `address` is empty when it did not say where it begins."""

    client_id: str
    name: str
    address: str
    is_app: bool


@dataclass(frozen=True)
class Use:
    """One use of a session: what was done, when, and from where with what, as far as anybody knows."""

    what: str
    when: str
    at: str
    address: str
    label: str


@dataclass(frozen=True)
class SignedInDevice:
    """One device and browser that the person is signed in on."""

    sid: str
    label: str
    """Browser and system, such as "Firefox on Windows"."""
    kind: str
    """"app", or the type of the device, such as "phone"."""
    address: str
    seen: str
    opened: str
    seen_at: str
    sites: tuple[Site, ...]
    uses: tuple[Use, ...]
    """The latest first."""
    is_this_one: bool
    is_remembered: bool


@dataclass(frozen=True)
class Overview:
    """Everything on the account page that changes: this browser's sites, and all devices, this one first."""

    sites: tuple[Site, ...]
    places: tuple[SignedInDevice, ...]


def overview_of(services: Services, current: Session) -> Overview:
    """Return what the person of the current session may see of their own sessions."""
    views = services.sessions.of_user(current.sub)
    sites = _sites(services, views)
    steps = services.sessions.steps_of([view.sid for view in views])
    places = [_place(services, view, current, sites, steps[view.sid]) for view in views]
    places.sort(key=lambda place: not place.is_this_one)
    here = next((place.sites for place in places if place.is_this_one), ())
    return Overview(here, tuple(places))


def place_of(services: Services, view: SessionView, current: Session) -> SignedInDevice:
    """Return one of the person's own sessions as the account page shows it."""
    return _place(services, view, current, _sites(services, [view]), services.sessions.steps(view.sid))


def _place(
    services: Services, view: SessionView, current: Session, sites: dict[str, Site], steps: Sequence[Step]
) -> SignedInDevice:
    device, now = device_of(view.user_agent), services.clock()
    is_app = view.kind == "app"
    found = (sites[client_id] for client_id in view.client_ids if client_id in sites)
    # An app got its login through a browser, and lives in a session of its own: it is listed there.
    joined = tuple(site for site in found if is_app or not site.is_app)
    return SignedInDevice(
        sid=view.sid,
        label=joined[0].name if is_app and joined else device.label,
        kind="app" if is_app else device.type,
        address=view.address,
        seen=ago(now - view.seen_at),
        opened=ago(now - view.opened_at),
        seen_at=_instant(view.seen_at),
        sites=joined,
        uses=tuple(_use(services, step, now) for step in steps),
        is_this_one=view.sid == current.sid,
        is_remembered=view.is_remembered,
    )


def _use(services: Services, step: Step, now: int) -> Use:
    client = services.clients.find(step.client_id) if step.client_id else None
    return Use(
        what=(client.name if client else step.client_id) or gettext("Signed in"),
        when=ago(now - step.at),
        at=_instant(step.at),
        address=step.address or "",
        label="" if step.user_agent is None else device_of(step.user_agent).label,
    )


def _sites(services: Services, views: Sequence[SessionView]) -> dict[str, Site]:
    found = {}
    for client_id in {client_id for view in views for client_id in view.client_ids}:
        try:
            client = services.clients.get(client_id)
        except NotFound:
            continue
        is_app = client.access_token_format == "app"  # noqa: S105 - a kind of token
        found[client_id] = Site(client_id, client.name, client.home_uri or "", is_app)
    return found


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
