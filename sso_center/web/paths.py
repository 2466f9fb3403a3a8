"""What a part of the center says of its paths, so that nothing else keeps a list of them.

A façade and each part of the pages declares its own; `app.py` joins them and hands them to the server's
front, which decides where a request runs, and to `web.errors`, which decides what an error looks like.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Paths:
    """The paths that need something.

    `password_posts`: a POST of exactly this path checks or hashes a password, which takes as long as a
    hundred other requests. `slow`: whatever begins with this is rare and may take seconds. `polled`: exactly
    this path is asked all the time, and the answer is SQL's. `for_programs`: whatever begins with this is
    asked by programs alone, so an error there is JSON, as it is at endpoints for programs in any case.
    """

    password_posts: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    polled: tuple[str, ...] = ()
    for_programs: tuple[str, ...] = ()


def joined(parts: Iterable[Paths]) -> Paths:
    """Return the paths of several parts as one."""
    parts = tuple(parts)
    names = [field.name for field in fields(Paths)]
    return Paths(**{name: tuple(path for part in parts for path in getattr(part, name)) for name in names})
