"""One JSON line a request, on standard output: who asked for what, how it ended, how long it took.

The query string is never part of it: codes, states and tokens travel there.
"""

import json
import logging
import sys
import time
from functools import lru_cache

logger = logging.getLogger("sso_center.access")

LONGEST = 400
_quoted = json.encoder.encode_basestring_ascii


def log_to_stdout() -> None:
    """Send the access log to standard output, a bare line each, unless it was given another handler."""
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.propagate = False


def log_request(request_id: str, *, method: str, path: str, status: int, began: float, address: str) -> None:
    """Write the line of one request; `began` as `time.perf_counter` told when it came."""
    if not logger.isEnabledFor(logging.INFO):
        return
    milliseconds = (time.perf_counter() - began) * 1000
    line = (
        f'{{"time":"{_timestamp()}","logger":"sso_center.access","request_id":"{request_id}",'
        f'"method":{_quoted(method[:LONGEST])},"path":{_quoted(path[:LONGEST])},"status":{status},'
        f'"ms":{milliseconds:.1f},"client":{_quoted(address)}}}'
    )
    # Not logger.info(): finding out which line of this file called costs more than all the rest.
    logger.handle(logging.LogRecord(logger.name, logging.INFO, __file__, 0, line, None, None))


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _timestamp() -> str:
    nanoseconds = time.time_ns()
    return f"{_second(nanoseconds // 10**9)}.{nanoseconds // 10**6 % 1000:03d}Z"
