"""What a façade is: all that the center has to know of one protocol, as data.

Each folder beside this file holds one `FACADE`, and `table.py` names the folders; docs/protocols.md tells how
to add one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from wsgiref.types import WSGIApplication

from sso_center.web.paths import Paths

if TYPE_CHECKING:
    from flask import Blueprint

    from sso_center.core.clients import SettingsReader
    from sso_center.core.notices import NoticeWords
    from sso_center.protocols.api import Endpoint
    from sso_center.services import Services
    from sso_center.web.sign_in import SiteName

    FastPath = Callable[[WSGIApplication, Services], WSGIApplication]


def _none(_services: "Services") -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Facade:
    """One protocol.

    `endpoints` are for programs and `blueprints` for browsers; their errors look accordingly. `paths` says
    which paths must not hold up others. `waiting_sites` are the paths to which a browser comes back from
    signing in, each with what names the site that asked. `fast_path` answers before everything else what
    needs neither page nor form, and hands on the rest.

    A protocol that clients are registered for has words for a notice: `notice_request`. `read_settings` reads
    what only this protocol has to know of a client.
    """

    endpoints: "Callable[[Services], Iterable[Endpoint]]" = _none
    blueprints: "Callable[[Services], Iterable[Blueprint]]" = _none
    paths: Paths = field(default_factory=Paths)
    waiting_sites: "Mapping[str, SiteName]" = field(default_factory=dict)
    fast_path: "FastPath | None" = None
    notice_request: "NoticeWords | None" = None
    read_settings: "SettingsReader | None" = None
