"""Lua scripts, composed once from package data.

Parts define more functions than each script uses, and a server creates every function anew at each run, which
was a third of what a check cost it. So a script is sent without the functions it does not use.
"""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Script:
    """A Lua script with the prelude in front: its text, and the SHA-1 by which a server knows it."""

    name: str
    text: str
    is_guarded: bool
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        # SHA-1 is the server's name for a script, no protection.
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", digest)


# The form in every part: at the beginning of a line, ended by a line `end` or on its own line.
_FUNCTION = re.compile(r"^local function (\w+)(?:[^\n]*\bend\n|.*?\nend\n)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^ *--.*$", re.MULTILINE)
_WORD = re.compile(r"\w+")


def load_script(package: str, *parts: str) -> Script:
    """Return the script made of the prelude, the guard and the named files of `package`, in that order.

    A part of another package is written `package/part.lua`, with dots inside the package's name.
    """
    return _compose(package, ("prelude.lua", "guard.lua"), parts, is_guarded=True)


def load_unguarded_script(package: str, *parts: str) -> Script:
    """Return a script that also runs on an untrusted shard: for the recovery's own steps only."""
    return _compose(package, ("prelude.lua",), parts, is_guarded=False)


def _compose(package: str, opening: tuple[str, ...], parts: tuple[str, ...], *, is_guarded: bool) -> Script:
    texts = [_read(__package__, name) for name in opening]
    for part in parts:
        place, _, name = part.rpartition("/")
        texts.append(_read(place or package, name))
    return Script(
        name=f"{package}:{parts[-1]}", text=_without_unused("\n".join(texts)), is_guarded=is_guarded
    )


@cache
def _read(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _without_unused(text: str) -> str:
    """Return a script without the functions that neither it nor a function it uses names."""
    bodies = {found[1]: found[0] for found in _FUNCTION.finditer(text)}
    used: set[str] = set()
    named = _words(_FUNCTION.sub("", text))
    while fresh := (named & bodies.keys()) - used:
        used |= fresh
        named = set().union(*(_words(bodies[name]) for name in fresh))
    return _FUNCTION.sub(lambda found: found[0] if found[1] in used else "", text)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_COMMENT.sub("", text)))
