"""Lua scripts, composed once from package data.

Parts define more functions than each script uses, and a server creates every function anew at each run, which
was a third of what a check cost it. So a script is sent without the functions it does not use.
"""

import hashlib
import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Any

from sso_center.storage.link import Word
from sso_center.storage.lua import BadScript, Piece, Token, read_pieces, read_tokens

Arguments = Mapping[str, Word | Sequence[Word]]
"""A script's arguments by name: a list for the `*name` at the end, one word for any other."""

NOTHING: Arguments = {}

MAX_LOCALS = 200
"""How many names Lua allows one function, and so the top level of a script."""

_FIRST = 5
"""Where a script's own arguments begin; those before are the prelude's."""

_OPENING = ("prelude.lua", "guard.lua")
_BUILTINS = frozenset(
    ("redis", "cjson", "math", "string", "table", "ipairs", "pairs", "tonumber", "tostring", "unpack")
)
_READS = {"text": "", "number": "tonumber({0})", "flag": "{0} == '1'"}
_DECLARATION = re.compile(r"--! (?:(args)|reply (\w+)): (.+(?:\n--!   .+)*)\n", re.ASCII)
_DECLARED = re.compile(r"(\*?)([a-z]\w*)(?:: (\w+))?", re.ASCII)
_CONSTANT = re.compile(r"\s*(?:--.*)?|local \w+(?:, \w+)* = [^()]+")


@dataclass(frozen=True)
class Argument:
    """An argument that a script declares: text, a number ('' is none), a flag ('1' is true), or a list."""

    name: str
    kind: str
    is_list: bool


@dataclass(frozen=True)
class Reply:
    """The names of a reply's values behind its first word; the last holds all the rest when it is open."""

    shape: Any
    is_open: bool


@dataclass(frozen=True)
class Script:
    """A Lua script with the prelude in front: its text, and the SHA-1 by which a server knows it."""

    name: str
    text: str
    is_guarded: bool
    arguments: tuple[Argument, ...]
    replies: Mapping[str, Reply]
    sha: str = field(init=False)
    _pick: Callable[[Any], tuple[Word, ...]] = field(init=False, repr=False)
    _list: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # SHA-1 is the server's name for a script, no protection.
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", digest)
        object.__setattr__(self, "_pick", _picker([one.name for one in self.arguments if not one.is_list]))
        object.__setattr__(self, "_list", next((one.name for one in self.arguments if one.is_list), ""))

    def words(self, given: Arguments) -> tuple[Word, ...]:
        """Return the arguments in the order in which the script takes them.

        Raises TypeError unless they are exactly those that it declares.
        """
        if len(given) == len(self.arguments):
            try:
                words = self._pick(given)
                return (*words, *given[self._list]) if self._list else words  # type: ignore[misc]
            except KeyError:
                pass
        raise TypeError(f"{self.name} is given {', '.join(given)}, which is not what it declares")

    def read(self, reply: Sequence[Any]) -> Any:
        """Return a declared reply with its values by name. Raises KeyError for one that is not declared."""
        declared = self.replies[reply[0]]
        if not declared.is_open:
            return declared.shape(*reply[1:])
        last = len(declared.shape._fields)
        return declared.shape(*reply[1:last], reply[last:])


def load_script(package: str, *parts: str) -> Script:
    """Return the script made of the prelude, the guard and the named files of `package`, in that order.

    A file of another package is written `package/part.lua`, with dots inside the package's name.
    Raises BadScript when the files can't be composed.
    """
    return _compose(package, _OPENING, parts, is_guarded=True)


def load_unguarded_script(package: str, *parts: str) -> Script:
    """Return a script that also runs on an untrusted shard: for the recovery's own steps only."""
    return _compose(package, _OPENING[:1], parts, is_guarded=False)


def _picker(names: Sequence[str]) -> Callable[[Any], tuple[Word, ...]]:
    """Return what takes the values of these names from a mapping, in this order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda given: tuple([given[name] for name in names])


@dataclass(frozen=True)
class _File:
    """One file of Lua, read. `replies` has the names of each reply's values by its first word."""

    name: str
    pieces: tuple[Piece, ...]
    arguments: tuple[Argument, ...]
    replies: Mapping[str, Reply]


def _compose(package: str, opening: tuple[str, ...], parts: tuple[str, ...], *, is_guarded: bool) -> Script:
    first = [_read(__package__, name) for name in opening]
    *shared, own = (_read(*_place(package, part)) for part in parts)
    for one in shared:
        _check_shared(one)
    _check_places(own)
    pieces = [piece for one in (*first, *shared) for piece in one.pieces]
    pieces += [_binding(own.arguments), *own.pieces]
    try:
        kept = _without_unused(pieces)
        _check_names(kept)
        _check_arguments_used(own)
    except BadScript as bad:
        raise BadScript(f"{own.name}: {bad}") from bad
    text = "".join(piece.text for piece in kept)
    replies = {word: reply for one in (*shared, own) for word, reply in one.replies.items()}
    return Script(own.name, text, is_guarded, own.arguments, replies)


def _place(package: str, part: str) -> tuple[str, str]:
    place, _, name = part.rpartition("/")
    return place or package, name


@cache
def _read(package: str, name: str) -> _File:
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    try:
        tokens = read_tokens(text)
        arguments, replies = _declarations(text)
        _check_replies(tokens, replies)
        return _File(f"{package}/{name}", read_pieces(text, tokens), arguments, replies)
    except BadScript as bad:
        raise BadScript(f"{package}/{name}: {bad}") from bad


def _declarations(text: str) -> tuple[tuple[Argument, ...], dict[str, Reply]]:
    """Read the `--!` lines with which a script begins."""
    arguments: tuple[Argument, ...] = ()
    replies: dict[str, Reply] = {}
    for found in _DECLARATION.finditer(text):
        declared = tuple(_declared(found[3].replace("\n--!", "")))
        if found[1]:
            arguments = declared
        else:
            shape = namedtuple(found[2], [one.name for one in declared])  # type: ignore[misc]
            replies[found[2]] = Reply(shape, declared[-1].is_list)
    rest = _DECLARATION.sub("", text)
    if "--!" in rest:
        raise BadScript(f"{rest[rest.index('--!') :].splitlines()[0]!r} is no declaration")
    return arguments, replies


def _declared(text: str) -> Iterable[Argument]:
    names = text.split(", ")
    for place, one in enumerate(names, 1):
        found = _DECLARED.fullmatch(one.strip())
        if found is None or (found[3] or "text") not in _READS or (found[1] and place < len(names)):
            raise BadScript(f"{one!r} declares nothing")
        yield Argument(found[2], found[3] or "text", bool(found[1]))


def _binding(arguments: Sequence[Argument]) -> Piece:
    """Return the statements that make locals of the arguments."""
    words = [one for one in arguments if not one.is_list]
    lines = [f"local {', '.join(one.name for one in words)} = unpack(ARGV, {_FIRST})"] if words else []
    lines += [f"{one.name} = {_READS[one.kind].format(one.name)}" for one in words if _READS[one.kind]]
    lines += [
        f"local {one.name} = {{unpack(ARGV, {_FIRST + len(words)})}}" for one in arguments if one.is_list
    ]
    return Piece("\n".join(["", *lines, ""]), False, tuple(one.name for one in arguments), frozenset())


def _without_unused(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces of a script without the functions that neither it nor a function it uses names."""
    functions = {name: piece for piece in pieces if piece.is_function for name in piece.defines}
    used: set[str] = set()
    named = {name for piece in pieces if not piece.is_function for name in piece.uses}
    while fresh := (named & functions.keys()) - used:
        used |= fresh
        named = {name for one in fresh for name in functions[one].uses}
    return [piece for piece in pieces if not piece.is_function or used.issuperset(piece.defines)]


def _check_places(one: _File) -> None:
    if any(piece.uses & {"KEYS", "ARGV"} for piece in one.pieces):
        raise BadScript(
            f"{one.name}: KEYS and ARGV are read by the prelude alone; what a script is given has names"
        )


def _check_shared(one: _File) -> None:
    _check_places(one)
    if one.arguments:
        raise BadScript(f"{one.name}: only the last file of a script declares what it is given")
    for piece in one.pieces:
        lines = () if piece.is_function else piece.text.splitlines()
        if strange := [line for line in lines if not _CONSTANT.fullmatch(line)]:
            raise BadScript(f"{one.name}: a shared file holds functions and constants, not {strange[0]!r}")


def _check_names(pieces: Sequence[Piece]) -> None:
    """Refuse a name that is used before it is defined, which Lua would take for nil, or defined twice."""
    defined = {"KEYS", "ARGV", *_BUILTINS}
    for piece in pieces:
        for name in piece.defines:
            if name in defined:
                raise BadScript(f"{name!r} is defined twice")
            defined.add(name)
        if unknown := piece.uses - defined:
            raise BadScript(f"{', '.join(sorted(unknown))} used, but not defined before")
    if len(defined) > MAX_LOCALS:
        raise BadScript(f"it has {len(defined)} names at its top level, and Lua allows {MAX_LOCALS}")


def _check_arguments_used(own: _File) -> None:
    used = {name for piece in own.pieces for name in piece.uses}
    if idle := [one.name for one in own.arguments if one.name not in used]:
        raise BadScript(f"it declares {', '.join(idle)} and does not read that")


def _check_replies(tokens: Sequence[Token], replies: Mapping[str, Reply]) -> None:
    """Refuse a reply that has other values than those it is declared with, and one that is never made."""
    found = set()
    for at, token in enumerate(tokens):
        word = token.word.strip("'\"")
        if token.kind == "string" and word in replies and tokens[at - 1].word == "{":
            found.add(word)
            _check_reply(tokens, at, replies[word])
    if missing := replies.keys() - found:
        raise BadScript(f"reply {', '.join(sorted(missing))} is declared and never made")


def _check_reply(tokens: Sequence[Token], at: int, declared: Reply) -> None:
    """Count the values behind the word at `at`, up to the end of the table."""
    depth, values = 0, [at]
    while depth >= 0:
        word = tokens[at].word
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        if word == "," and depth == 0:
            values.append(at + 1)
        at += 1
    is_open = tokens[values[-1]].word == "unpack"
    if len(values) - 1 != len(declared.shape._fields) or is_open != declared.is_open:
        raise BadScript(f"reply {declared.shape.__name__} has other values than those it is declared with")
