"""The question whether sessions are alive: `POST /endings/check`."""

import json
from collections.abc import Mapping, Sequence

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center, log_unavailable, with_client
from client_sdk.core.http.transport import HttpRequest, HttpResponse, check_ok
from client_sdk.core.settings import Settings

PATH = "/endings/check"
MAX_SIDS = 100


def check_sessions(center: Center, sids: Sequence[str]) -> Mapping[str, bool]:
    """Ask which of 1 to `MAX_SIDS` sessions are alive. Raises Unavailable."""
    with log_unavailable("sessions can't be checked"):
        return process_response(center.send(build_request(center.settings, sids)), sids)


def is_alive(center: Center, sid: str) -> bool:
    """Ask whether one session is alive. Raises Unavailable."""
    return check_sessions(center, [sid])[sid]


def build_request(settings: Settings, sids: Sequence[str]) -> HttpRequest:
    """Build the question about 1 to `MAX_SIDS` sessions."""
    return with_client(
        HttpRequest(
            "POST",
            settings.issuer + PATH,
            {"Content-Type": "application/json", "Accept": "application/json"},
            json.dumps({"sids": list(sids)}).encode(),
            is_repeatable=True,
        ),
        settings,
    )


def process_response(response: HttpResponse, sids: Sequence[str]) -> Mapping[str, bool]:
    """Return for each of `sids` whether it is alive. Raises Unavailable: without an answer nothing counts."""
    check_ok(response.status)
    answers = response.json_object().get("sids")
    if not isinstance(answers, dict) or any(answers.get(sid) not in ("alive", "ended") for sid in sids):
        raise Unavailable("center_malformed", "The center did not answer for every session asked about.")
    return {sid: answers[sid] == "alive" for sid in sids}
