"""Administration: what admins do, and what people do to their own account, one function an act.

Each is given the `Actor` who asks. The change, its entry in the journal and its entry in the audit log are
one SQL transaction: neither is ever there without the others. What must end because of it follows after the
commit, and the courier finishes it when the process dies in between. Console, JSON API and command line only
read what was asked for, call the act and show what came of it: they write no audit entry of a change.

To add an act: a function in the file of its noun that takes the actor first and hands the noun's method the
audit entry as `also` (audited.py); a Tag; then a page, a route and a command that call it.
"""

from dataclasses import dataclass

from sso_center.core.administration.clients import ClientAdministration
from sso_center.core.administration.endings import EndingAdministration
from sso_center.core.administration.keys import KeyAdministration
from sso_center.core.administration.log import LogAdministration
from sso_center.core.administration.own_account import OwnAccount
from sso_center.core.administration.users import UserAdministration

__all__ = [
    "Administration",
    "ClientAdministration",
    "EndingAdministration",
    "KeyAdministration",
    "LogAdministration",
    "OwnAccount",
    "UserAdministration",
]


@dataclass(frozen=True)
class Administration:
    """The acts of admins by noun, and a person's own."""

    users: UserAdministration
    clients: ClientAdministration
    keys: KeyAdministration
    endings: EndingAdministration
    log: LogAdministration
    own: OwnAccount
