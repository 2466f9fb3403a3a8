"""Console, JSON API and command line change and audit nothing by themselves: they call core's acts."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import sso_center
from sso_center.core.clients import Clients
from sso_center.core.cutoffs import MassEndings
from sso_center.core.endings import Endings
from sso_center.core.keys import Keys
from sso_center.core.notices import Receipts
from sso_center.core.users import Users

ROOT = Path(sso_center.__file__).parent
SURFACES = ("cli", "ui/admin", "protocols/admin")

CHANGING = {
    name: {
        method
        for method, function in inspect.getmembers(noun, inspect.isfunction)
        if {"also", "actor"} & set(inspect.signature(function).parameters)
    }
    for name, noun in {
        "users": Users,
        "clients": Clients,
        "keys": Keys,
        "endings": Endings,
        "mass_endings": MassEndings,
        "receipts": Receipts,
    }.items()
}
"""The methods of each noun that change something: they are told who asks, or what to write besides."""

AUDITING = {"write_audit", "write_audits", "AuditEntry"}


def offences(source: str) -> Iterator[str]:
    """Yield what a surface does that only an act may do."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in AUDITING)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        receiver, method = ast.unparse(node.func.value), node.func.attr
        noun = receiver.rpartition(".")[2]
        if method in ("record", "write_audit") and noun in ("audit", "audit_request"):
            yield f"{receiver}.{method}"
        if "administration" not in receiver and method in CHANGING.get(noun, ()):
            yield f"{receiver}.{method}"


@pytest.mark.parametrize("surface", SURFACES)
def test_no_surface_changes_or_audits_by_itself(surface: str) -> None:
    files = sorted((ROOT / surface).rglob("*.py"))
    assert len(files) > 5
    found = {str(file): list(offences(file.read_text())) for file in files}
    assert {file: what for file, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "source",
    [
        "services.users.set_disabled(sub, True)",
        "users.update(sub, roles=roles)",
        "services.clients.rotate_secret('shop')",
        "keys.rotate()",
        "services.endings.end_session(sid, reason, actor)",
        "services.mass_endings.cut_off('role', name, reason, actor)",
        "services.receipts.deliver_again(1, actor=actor)",
        "services.audit.record(Tag.USER_ADDED, actor)",
        "audit_request.record(services, Tag.USER_ADDED)",
        "from sso_center.core.audit import write_audit",
    ],
)
def test_a_surface_that_does_is_found(source: str) -> None:
    assert list(offences(source)) != []


def test_every_changing_method_is_known() -> None:
    assert CHANGING["users"] >= {"add", "update", "set_disabled", "set_password", "remove"}
    assert CHANGING["clients"] == {"add", "update", "rotate_secret", "remove"}
    assert CHANGING["keys"] == {"rotate"}
    assert CHANGING["mass_endings"] >= {"cut_off", "end", "end_voided_sessions"}
