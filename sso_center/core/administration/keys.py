"""What admins do to the keys."""

from sso_center.base.actor import Actor
from sso_center.core.administration.audited import audited
from sso_center.core.audit import Tag
from sso_center.core.keys import Keys


class KeyAdministration:
    """The acts."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def rotate(self, actor: Actor, purpose: str | None = None) -> None:
        """Let the next key of one purpose sign, or of all. Raises Invalid, Unavailable."""
        said = audited(Tag.KEYS_ROTATED, actor, lambda change: {"detail": {"purpose": change.after}})
        self._keys.rotate(purpose, also=said)
