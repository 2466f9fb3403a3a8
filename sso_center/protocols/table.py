"""Which façades there are: one line each."""

from collections.abc import Iterator
from importlib import import_module

from sso_center.protocols.facade import Facade

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

    def _load(self, folder: str) -> Facade:
        facade: Facade = import_module(folder).FACADE
        return facade


FACADES = Facades(*TABLE)
