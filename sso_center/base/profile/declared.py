"""The fields that an operator adds (SSO_PROFILE_FIELDS), and those that people may edit
(SSO_PROFILE_EDITABLE)."""

import json
import re
from collections.abc import Sequence
from typing import Any

from sso_center.base.profile.field import ADMIN, PERSON, SOURCE, Field
from sso_center.base.profile.kinds import DECLARABLE
from sso_center.base.profile.standard import FIELDS
from sso_center.base.profile.table import ProfileTable

MAX_FIELDS = 50

# Core 1.0, RFC 7519, RFC 7662 and RFC 9068, back-channel logout, and what the center adds itself.
_CLAIMS = """
    iss sub aud exp nbf iat jti azp nonce auth_time at_hash c_hash s_hash acr amr sid events typ cnf act
    may_act scope client_id active token_type username kind successor _claim_names _claim_sources sub_jwk
    roles stamp epoch
"""
PROTOCOL_CLAIMS = frozenset(_CLAIMS.split())

# What the API, files, forms and commands say of an account beside its profile.
_WORDS = """
    sub username roles role no_roles disabled must_change must_change_password password password_hash
    password_stdin json help line required csrf_token confirmed version created_at
"""
ACCOUNT_WORDS = frozenset(_WORDS.split())
TAKEN_SCOPES = frozenset(("openid", "offline_access", "sso:admin"))

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CLAIM = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,99}")
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_MEMBERS = ("name", "type", "claim", "scope", "label", "person_edits")


def declared_fields(raw: str) -> tuple[Field, ...]:
    """Return the fields that a setting declares; raises ValueError saying what is wrong with which."""
    try:
        listed = json.loads(raw or "[]")
    except ValueError as bad:
        raise ValueError(f"should be a JSON list of fields: {bad}") from None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError("should be a list of fields, each with name, type, claim and scope")
    if len(listed) > MAX_FIELDS:
        raise ValueError(f"should have at most {MAX_FIELDS} fields")
    found: list[Field] = []
    for one in listed:
        found.append(_declared(one, (*FIELDS, *found)))
    return tuple(found)


def _declared(told: dict[str, Any], others: Sequence[Field]) -> Field:
    name = told.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a field's name: small letters, digits and _ are, as in cost_center"
        )
    if unknown := sorted(set(told) - set(_MEMBERS)):
        raise ValueError(f"{name}: {', '.join(unknown)} is unknown; {', '.join(_MEMBERS)} are known")
    kind, claim = told.get("type", "text"), told.get("claim", name)
    if not isinstance(kind, str) or kind not in DECLARABLE:
        raise ValueError(f"{name}: type should be one of {', '.join(DECLARABLE)}")
    _check_is_free(name, claim, others)
    person_edits = told.get("person_edits", False)
    if not isinstance(person_edits, bool):
        raise ValueError(f"{name}: person_edits should be true or false")
    return Field(
        name,
        _label(name, told.get("label", name.replace("_", " ").capitalize())),
        DECLARABLE[kind],
        _scope(name, told.get("scope", "profile")),
        (PERSON, ADMIN, SOURCE) if person_edits else (ADMIN, SOURCE),
        claim,
    )


def _check_is_free(name: str, claim: Any, others: Sequence[Field]) -> None:
    if not isinstance(claim, str) or not _CLAIM.fullmatch(claim):
        raise ValueError(
            f"{name}: claim should be a name such as department or https://example.org/department"
        )
    if name in ACCOUNT_WORDS or any(name == field.name for field in others):
        raise ValueError(f"{name}: this name is taken")
    if claim in PROTOCOL_CLAIMS or any(claim == field.told_as for field in others):
        raise ValueError(f"{name}: the claim {claim} has a meaning of its own: choose another")


def _label(name: str, label: Any) -> str:
    if not isinstance(label, str) or not 0 < len(label) <= 60 or not label.isprintable():
        raise ValueError(f"{name}: label should have 1 to 60 characters")
    return label


def _scope(name: str, scope: Any) -> str:
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope) or scope in TAKEN_SCOPES:
        raise ValueError(f"{name}: scope should be profile, or a name such as work, none of the protocol's")
    return scope


def editable_fields(raw: str, declared: Sequence[Field]) -> frozenset[str] | None:
    """Return the names of the fields that people may edit, None for all that the table lets them."""
    if raw.strip() == "all":
        return None
    possible = ProfileTable(tuple(declared)).editable_by(PERSON)
    named = {part.strip() for part in raw.split(",")} - {"", "nothing"}
    if not named <= set(possible):
        raise ValueError(f"should be all, nothing, or some of {', '.join(possible)} with commas between")
    return frozenset(named)
