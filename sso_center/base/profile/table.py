"""All fields of one center: the standard ones and its operator's."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sso_center.base.errors import Invalid
from sso_center.base.profile.field import PERSON, Field
from sso_center.base.profile.standard import FIELDS, SCOPES

MAX_PROFILE = 8000
"""Bytes of JSON that a profile may take: it is read at each request of its person."""


@dataclass(frozen=True, eq=False)
class ProfileTable:
    """The fields in their order. `person_edits` names those that people may change themselves, None for all
    that the table lets them."""

    declared: tuple[Field, ...] = ()
    person_edits: frozenset[str] | None = None

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in the order in which pages show them."""
        return (*FIELDS, *self.declared)

    @cached_property
    def stored(self) -> dict[str, Field]:
        """The fields that are stored, by name; the others are read from the account."""
        return {field.name: field for field in self.fields if not field.derived}

    @cached_property
    def scopes(self) -> dict[str, tuple[Field, ...]]:
        """The fields that each scope stands for."""
        names = dict.fromkeys(field.scope for field in self.fields)
        return {name: tuple(field for field in self.fields if field.scope == name) for name in names}

    def label_of_scope(self, scope: str) -> tuple[str, ...]:
        """Return what a scope stands for, in English: one phrase, or the labels of its fields."""
        return (SCOPES[scope],) if scope in SCOPES else tuple(one.label for one in self.scopes.get(scope, ()))

    def in_scope(self, scope: Iterable[str]) -> list[Field]:
        """Return the fields that a site is told to whom this scope is granted."""
        return [field for name in scope for field in self.scopes.get(name, ())]

    def values(self, profile: Mapping[str, Any]) -> dict[str, Any]:
        """Return every stored field by name, with what stands for none where there is none."""
        return {name: field.value_in(profile) for name, field in self.stored.items()}

    def as_account(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a program says of a person with the fields of the profile put together as `profile`."""
        profile = {name: value for name, value in told.items() if name in self.stored}
        return {name: value for name, value in told.items() if name not in profile} | {"profile": profile}

    def editable_by(self, editor: str) -> dict[str, Field]:
        """Return the fields that somebody may change, by name."""
        return {name: field for name, field in self.stored.items() if self._may_edit(editor, field)}

    def _may_edit(self, editor: str, field: Field) -> bool:
        is_left = editor != PERSON or self.person_edits is None or field.name in self.person_edits
        return is_left and editor in field.editors

    def changed(self, profile: Mapping[str, Any], changes: Mapping[str, Any], editor: str) -> dict[str, Any]:
        """Return a profile after changes by `editor`, each checked; an empty value removes a field.

        A flag says of a value that it was verified: with another value it is gone, unless it is among the
        changes. Raises Invalid naming the field.
        """
        checked = self._checked(changes, editor)
        found = {**profile, **checked}
        for flag in self.stored.values():
            value = found.get(flag.verifies)
            is_kept = flag.name in checked or value == profile.get(flag.verifies)
            if flag.verifies and not (value and is_kept):
                found.pop(flag.name, None)
        found = {name: value for name, value in found.items() if value or name not in self.stored}
        if len(json.dumps(found, ensure_ascii=False).encode()) > MAX_PROFILE:
            raise Invalid(f"All fields of a person together take at most {MAX_PROFILE} bytes.", field="")
        return found

    def _checked(self, changes: Mapping[str, Any], editor: str) -> dict[str, Any]:
        allowed = self.editable_by(editor)
        for name in changes:
            if name not in allowed:
                raise Invalid(f"{name} is not to be changed here.", field=name)
        return {name: allowed[name].kind.check(name, value) for name, value in changes.items()}
