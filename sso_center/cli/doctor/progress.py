"""Saying that something long goes on, on standard error: the findings alone go to standard output."""

import sys
import time

import click

PAUSE = {True: 0.2, False: 10.0}
"""Seconds between two words of progress: on a terminal, where a line is written over, and elsewhere."""


class Progress:
    """Says how much of `total` is done; nothing when that takes no longer than a pause."""

    def __init__(self, doing: str, total: int) -> None:
        self._doing = doing
        self._total = total
        self._is_terminal = sys.stderr.isatty()
        self._said_at = time.monotonic()
        self._has_line = False

    def at(self, done: int) -> None:
        """Say that so much is done, unless something was said a moment ago."""
        now = time.monotonic()
        if now - self._said_at < PAUSE[self._is_terminal]:
            return
        self._said_at = now
        text = f"{self._doing}: {done:,} of about {max(done, self._total):,}"
        click.echo(f"\r{text}\x1b[K" if self._is_terminal else text, err=True, nl=not self._is_terminal)
        self._has_line = self._is_terminal

    def end(self) -> None:
        """Leave the terminal's line clear."""
        if self._has_line:
            click.echo("\r\x1b[K", err=True, nl=False)
