"""Clients: the registered subsystems.

Owns their SQL rows, the rules of registration, and each process's copy in memory, loaded whole and replaced
at once. Secrets are generated here and stored only as SHA-256. A change raises the configuration version, by
which every other process finds out on its next script.
"""

from sso_center.core.clients.client import ADMIN_SCOPE, OFFLINE_ACCESS, Client
from sso_center.core.clients.clients import Clients
from sso_center.core.clients.protocol_settings import (
    OIDC,
    Address,
    FindReader,
    ProtocolSettings,
    SettingsReader,
    no_settings,
)
from sso_center.core.clients.rules import Registration, check_registration
from sso_center.core.clients.store import FormerClient

__all__ = [
    "ADMIN_SCOPE",
    "OFFLINE_ACCESS",
    "OIDC",
    "Address",
    "Client",
    "Clients",
    "FindReader",
    "FormerClient",
    "ProtocolSettings",
    "Registration",
    "SettingsReader",
    "check_registration",
    "no_settings",
]
