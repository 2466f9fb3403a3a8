"""The audit log: what happened, for people to read. Owns its rows in SQL, their tags, search and export."""

from sso_center.core.audit.audit import Audit, write_audit, write_audits
from sso_center.core.audit.audit import Entry as AuditEntry
from sso_center.core.audit.change import Also, Change
from sso_center.core.audit.drain import AUDIT_PART, AuditDrain
from sso_center.core.audit.export import as_csv, as_json, as_json_lines
from sso_center.core.audit.search import AuditFilter, AuditLog, AuditPage, LoggedEvent
from sso_center.core.audit.tags import Tag

__all__ = [
    "AUDIT_PART",
    "Also",
    "Audit",
    "AuditDrain",
    "AuditEntry",
    "AuditFilter",
    "AuditLog",
    "AuditPage",
    "Change",
    "LoggedEvent",
    "Tag",
    "as_csv",
    "as_json",
    "as_json_lines",
    "write_audit",
    "write_audits",
]
