"""Lua source, read far enough to be composed: a file's pieces, what each defines and which names it uses.

This is no parser of Lua. It knows words, brackets, blocks and scopes, and refuses what it does not know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


class BadScript(Exception):
    """A script can't be composed faithfully; says which file and why."""


@dataclass(frozen=True)
class Piece:
    """A function at the top level, or the statements between two of them, with the comments before it.

    `defines` are its names at the top level, `uses` the names that it takes from elsewhere.
    """

    text: str
    is_function: bool
    defines: tuple[str, ...]
    uses: frozenset[str]


@dataclass(frozen=True)
class Token:
    """A word of Lua, and where it stands."""

    word: str
    kind: str
    start: int
    end: int


@dataclass
class _Block:
    opener: str
    names: set[str] = field(default_factory=set)


_KEYWORDS = frozenset(
    (
        *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local"),
        *("nil", "not", "or", "repeat", "return", "then", "true", "until", "while"),
    )
)
_OPENERS = ("(", "[", "{", "repeat", "then", "else", "while")
_CLOSES = {
    ")": ("(",),
    "]": ("[",),
    "}": ("{",),
    "until": ("repeat",),
    "elseif": ("then",),
    "else": ("then",),
    "end": ("function", "do", "then", "else"),
}
# Lua's words; of its long brackets none, since no file needs them.
_TOKEN = re.compile(
    r"""(?P<space>\s+|--(?!\[=*\[)[^\n]*)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>\.\.\.|\.\.|[=~<>]=|\[(?!=*\[)|[-+*/%^\#<>=(){}\];:,.])""",
    re.VERBOSE | re.ASCII,
)


def read_tokens(text: str) -> list[Token]:
    """Return the words of `text`, without blanks and comments. Raises BadScript for what is no Lua."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadScript(f"{_line(text, at)}: {text[at : at + 20]!r} is not understood")
        if match.lastgroup != "space":
            found.append(Token(match[0], str(match.lastgroup), at, match.end()))
        at = match.end()
    return found


def read_pieces(text: str, tokens: list[Token]) -> tuple[Piece, ...]:
    """Cut a file into its pieces. Raises BadScript for a block that is not closed, or not by its own end."""
    return tuple(_Reader(text, tokens).pieces())


def _line(text: str, at: int) -> str:
    return "line " + str(text.count("\n", 0, at) + 1)


class _Reader:
    """Walks the words of one file, and knows in which blocks each of them stands."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._begin(0)

    def pieces(self) -> Iterator[Piece]:
        is_function, end = False, 0
        for at, token in enumerate(self._tokens):
            if len(self._blocks) == 1 and self._is_local_function(at):
                if end > self._start:
                    yield self._piece(end, is_function=False)
                is_function = True
            self._read(at, token)
            end = token.end
            if is_function and token.word == "end" and len(self._blocks) == 1:
                yield self._piece(end, is_function=True)
                is_function = False
        if len(self._blocks) > 1:
            raise BadScript(f"a {self._blocks[-1].opener!r} is never closed")
        if end > self._start:
            yield self._piece(len(self._text), is_function=False)

    def _begin(self, start: int) -> None:
        self._start = start
        self._blocks = [_Block("")]
        self._defines: list[str] = []
        self._uses: set[str] = set()

    def _piece(self, end: int, *, is_function: bool) -> Piece:
        text = self._text[self._start : end]
        piece = Piece(text, is_function, tuple(self._defines), frozenset(self._uses))
        self._begin(end)
        return piece

    def _read(self, at: int, token: Token) -> None:
        word = token.word
        if word in _CLOSES:
            self._close(token)
        if token.kind == "name" and word not in _KEYWORDS:
            self._use(at, word)
        elif word == "local":
            self._declare([self._word(at + 2)] if self._is_local_function(at) else self._names(at + 1))
        elif word == "function":
            self._blocks.append(_Block(word, set(self._parameters(at))))
        elif word == "for":
            self._blocks.append(_Block(word, set(self._names(at + 1))))
        elif word == "do" and self._blocks[-1].opener in ("for", "while"):
            self._blocks[-1].opener = word
        elif word in _OPENERS or word == "do":
            self._blocks.append(_Block(word))

    def _close(self, token: Token) -> None:
        closed = self._blocks.pop()
        if closed.opener not in _CLOSES[token.word]:
            raise BadScript(f"{_line(self._text, token.start)}: {token.word!r} closes {closed.opener!r}")
        if token.word == "until":
            self._blocks[-1].names |= closed.names  # its condition sees them

    def _use(self, at: int, name: str) -> None:
        before = self._word(at - 1)
        is_key = self._blocks[-1].opener == "{" and before in "{,;" and self._word(at + 1) == "="
        if before not in (".", ":") and not is_key and not any(name in block.names for block in self._blocks):
            self._uses.add(name)

    def _declare(self, names: list[str]) -> None:
        self._blocks[-1].names.update(names)
        if len(self._blocks) == 1:
            self._defines += names

    def _parameters(self, at: int) -> list[str]:
        while self._word(at) not in ("(", ""):
            at += 1
        return self._names(at + 1)

    def _names(self, at: int) -> list[str]:
        """Return the names that stand from there on, with commas between."""
        found = [self._word(at)]
        while self._word(at + 1) == ",":
            at += 2
            found.append(self._word(at))
        return found

    def _is_local_function(self, at: int) -> bool:
        return self._word(at) == "local" and self._word(at + 1) == "function"

    def _word(self, at: int) -> str:
        return self._tokens[at].word if 0 <= at < len(self._tokens) else ""
