"""What admins take out of the audit log."""

from sso_center.base.actor import Actor
from sso_center.core.audit import Audit, AuditFilter, Tag


class LogAdministration:
    """The acts."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def export(self, actor: Actor, kind: str, wanted: AuditFilter) -> None:
        """Note that events are taken out, before they are. Raises Unavailable."""
        asked = {name: value for name, value in vars(wanted).items() if value is not None}
        self._audit.record(Tag.AUDIT_EXPORTED, actor, detail={"format": kind, **asked})
