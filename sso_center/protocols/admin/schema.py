"""Checking what was sent against a schema: the part of JSON Schema (2020-12) that the routes use."""

from collections.abc import Mapping
from typing import Any

from sso_center.base.errors import Invalid

Schema = Mapping[str, Any]

MAX_TEXT = 2000

_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def text(**more: Any) -> dict[str, Any]:
    """Return the schema of a text, of a bounded length."""
    return {"type": "string", "maxLength": MAX_TEXT, **more}


def texts(**more: Any) -> dict[str, Any]:
    """Return the schema of a list of texts."""
    return {"type": "array", "items": text(), "maxItems": 100, **more}


def number(low: int, high: int, **more: Any) -> dict[str, Any]:
    """Return the schema of a whole number within bounds."""
    return {"type": "integer", "minimum": low, "maximum": high, **more}


def members(required: tuple[str, ...] = (), **properties: Schema) -> dict[str, Any]:
    """Return the schema of an object that has these members and no others."""
    found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def settings(**more: Any) -> dict[str, Any]:
    """Return the schema of an object whose members somebody else knows: texts, numbers, truths, lists."""
    kinds = {**text(), **number(0, 10**15), **texts(), "type": ["string", "integer", "boolean", "array"]}
    return {"type": "object", "properties": {}, "additionalProperties": kinds, **more}


def check(value: Any, schema: Schema, place: str = "") -> None:
    """Return when `value` is as the schema says; raises Invalid naming the member that is not."""
    kind = _kind_of(value)
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if kind not in wanted:
        raise Invalid(f"{_named(place)} must be {' or '.join(_NAMES[one] for one in wanted)}.", field=place)
    if "enum" in schema and value not in schema["enum"]:
        raise Invalid(f"{_named(place)} must be one of {_listed(schema['enum'])}.", field=place)
    if kind == "object":
        _check_members(value, schema, place)
    elif kind == "array":
        _check_items(value, schema, place)
    elif kind == "string":
        _check_text(value, schema, place)
    elif kind == "integer":
        _check_number(value, schema, place)


def _check_members(value: dict[str, Any], schema: Schema, place: str) -> None:
    known, others = schema["properties"], schema.get("additionalProperties")
    for name in value:
        if name not in known and not others:
            # Of what was sent only so much is repeated.
            shown = _inside(place, name[:50])
            raise Invalid(f"{shown!r} is not known here: {_listed(known)} are.", field=shown)
    for name in schema.get("required", ()):
        if name not in value:
            raise Invalid(f"{_inside(place, name)} is missing.", field=_inside(place, name))
    if len(value) < schema.get("minProperties", 0):
        raise Invalid(f"Give at least one of {_listed(known)}.", field=place)
    for name, member in value.items():
        check(member, known.get(name, others), _inside(place, name))


def _check_items(value: list[Any], schema: Schema, place: str) -> None:
    if len(value) > schema["maxItems"]:
        raise Invalid(f"{_named(place)} has at most {schema['maxItems']} entries.", field=place)
    for item in value:
        check(item, schema["items"], place)


def _check_text(value: str, schema: Schema, place: str) -> None:
    if not schema.get("minLength", 0) <= len(value) <= schema["maxLength"]:
        raise Invalid(
            f"{_named(place)} has {schema.get('minLength', 0)} to {schema['maxLength']} characters.",
            field=place,
        )
    # A lone surrogate or a NUL can be kept by no store.
    if (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)) or "\x00" in value:
        raise Invalid(f"{_named(place)} holds what is no text.", field=place)


def _check_number(value: int, schema: Schema, place: str) -> None:
    low, high = schema["minimum"], schema["maximum"]
    if not low <= value <= high:
        raise Invalid(f"{_named(place)} must be from {low} to {high}.", field=place)


def _kind_of(value: Any) -> str:
    kinds = {
        dict: "object",
        list: "array",
        str: "string",
        int: "integer",
        bool: "boolean",
        type(None): "null",
    }
    # A number with a fraction is none of those that are ever wanted.
    return kinds.get(type(value), "number")


def _named(place: str) -> str:
    return place or "The body"


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names)
