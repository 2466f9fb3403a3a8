"""All acts together, by their nouns."""

from dataclasses import dataclass

from sso_center.core.administration.clients import ClientAdministration
from sso_center.core.administration.endings import EndingAdministration
from sso_center.core.administration.keys import KeyAdministration
from sso_center.core.administration.log import LogAdministration
from sso_center.core.administration.own_account import OwnAccount
from sso_center.core.administration.users import UserAdministration


@dataclass(frozen=True)
class Administration:
    """The acts of admins by noun, and a person's own."""

    users: UserAdministration
    clients: ClientAdministration
    keys: KeyAdministration
    endings: EndingAdministration
    log: LogAdministration
    own: OwnAccount
