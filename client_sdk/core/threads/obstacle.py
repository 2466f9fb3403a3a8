"""Whether a thread in the background would run at all in this process."""

import sys
from typing import Any


def obstacle() -> str:
    """Return what to set so that threads run, or "" when they do.

    uWSGI without `enable-threads` never lets go of the interpreter between requests: a thread begins there
    and then stands still.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    options = getattr(uwsgi, "opt", None)
    if not isinstance(options, dict):
        return ""
    names = {name.decode() if isinstance(name, bytes) else str(name) for name in options}
    if names & {"enable-threads", "threads", "gevent", "asyncio"}:
        return ""
    return "set enable-threads = true in the settings of uWSGI"
