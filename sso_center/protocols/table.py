"""Which façades there are: one line each."""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from sso_center.protocols.facade import Facade

if TYPE_CHECKING:
    from sso_center.core.clients import SettingsReader
    from sso_center.core.notices import NoticeWords

TABLE = (
    "sso_center.protocols.oidc",
    "sso_center.protocols.endings",
    "sso_center.protocols.admin",
)
"""The folders that hold a FACADE. Clients and notices name their protocol by the folder alone: `oidc`."""


class Facades:
    """The façades of a table, each loaded when it is first needed: most commands need none, and no Flask."""

    def __init__(self, *folders: str) -> None:
        self._folders = {folder.rpartition(".")[2]: folder for folder in folders}

    def __iter__(self) -> Iterator[Facade]:
        return (self._load(folder) for folder in self._folders.values())

    def settings_reader(self, protocol: str) -> "SettingsReader | None":
        """Return what reads a client's settings in this protocol, None when clients can't speak it."""
        from sso_center.core.clients import no_settings  # noqa: PLC0415

        facade = self._spoken(protocol)
        return (facade.read_settings or no_settings) if facade else None

    def notice_words(self, protocol: str) -> "NoticeWords | None":
        """Return what puts a notice into this protocol's words, None when clients can't speak it."""
        facade = self._spoken(protocol)
        return facade.notice_request if facade else None

    def _spoken(self, protocol: str) -> Facade | None:
        if protocol not in self._folders:
            return None
        facade = self._load(self._folders[protocol])
        return facade if facade.notice_request else None

    def _load(self, folder: str) -> Facade:
        facade: Facade = import_module(folder).FACADE
        return facade


FACADES = Facades(*TABLE)
