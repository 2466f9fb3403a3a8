"""What a look at something found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: fine, worth knowing, or broken."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line for a person: what was looked at, and how it is."""

    level: Level
    subject: str
    text: str


def ok(subject: str, text: str) -> Finding:
    """All is well with the subject."""
    return Finding(Level.OK, subject, text)


def warn(subject: str, text: str) -> Finding:
    """Worth knowing; the center works."""
    return Finding(Level.WARN, subject, text)


def fail(subject: str, text: str) -> Finding:
    """Broken, or not safe."""
    return Finding(Level.FAIL, subject, text)
