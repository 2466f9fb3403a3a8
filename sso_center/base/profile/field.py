"""One field of a profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sso_center.base.profile.kinds import TEXT, Kind

PERSON, ADMIN, SOURCE = "person", "admin", "source"
"""Who may change a field: the person, an admin (console, API, command line), and where accounts come from."""


@dataclass(frozen=True, eq=False)
class Field:
    """A field of a person's profile.

    `name` is what it is called in the store, the API, forms, files and, with dashes, on the command line.
    `label` is English, and looked up in the language of a page. Sites are told it as `claim` (`name` unless
    another is given) to whom the scope is granted. `editors` may change it; nobody may change what is read
    from the account: `derived` is then the attribute of User. A flag that says of another field that it was
    checked `verifies` that one.
    """

    name: str
    label: str
    kind: Kind = TEXT
    scope: str = "profile"
    editors: tuple[str, ...] = (ADMIN, SOURCE)
    claim: str = ""
    derived: str = ""
    verifies: str = ""

    @property
    def told_as(self) -> str:
        """The claim's name."""
        return self.claim or self.name

    def value_of(self, user: Any) -> Any:
        """Return the value of a user, whether it is stored or read from the account."""
        return getattr(user, self.derived) if self.derived else self.value_in(user.profile)

    def value_in(self, profile: Mapping[str, Any]) -> Any:
        """Return the stored value, or what stands for none."""
        value = profile.get(self.name, self.kind.empty)
        # An operator may have given the name to another kind since.
        return value if isinstance(value, _STORED.get(self.kind.schema["type"], str)) else self.kind.empty


_STORED = {"boolean": bool, "array": list, "object": dict, "integer": int}
