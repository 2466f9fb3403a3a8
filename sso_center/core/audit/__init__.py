"""Audit and journal: what happened, for people to read; and what was taken back, for stores to replay.

Owns both SQL tables' rows and the journal's numbering. Knows nothing of what an entry means.
"""

from sso_center.core.audit.audit import Audit, write_audit, write_audits
from sso_center.core.audit.audit import Entry as AuditEntry
from sso_center.core.audit.drain import AUDIT_PART, AuditDrain
from sso_center.core.audit.journal import CHANNEL, append, append_all
from sso_center.core.audit.search import AuditFilter, AuditLog, AuditPage, Found
from sso_center.core.audit.tags import Tag

__all__ = [
    "AUDIT_PART",
    "CHANNEL",
    "Audit",
    "AuditDrain",
    "AuditEntry",
    "AuditFilter",
    "AuditLog",
    "AuditPage",
    "Found",
    "Tag",
    "append",
    "append_all",
    "write_audit",
    "write_audits",
]
