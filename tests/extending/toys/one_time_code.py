"""A second step: a code that is good once, for people with the role `careful`."""

import secrets

from flask import Response, render_template_string, request, session

from sso_center.ui.login.step import Progress, Step, Visit

CHALLENGE = "one-time-code"
"""Where the challenge waits in the signed form cookie, which this browser alone has."""

PAGE = """
{% extends "base.html" %}
{% from "parts.html" import form_token with context %}
{% block main %}
<div class="card">
  <h1>Read this backwards: <span id="challenge">{{ challenge }}</span></h1>
  <form method="post" action="{{ visit.address }}">
    {{ form_token() }}
    <input id="code" name="code" autocomplete="one-time-code">
    <button id="code-submit" type="submit">Go on</button>
  </form>
</div>
{% endblock %}
"""


def is_due(progress, user):
    """Due once it is known who it is, for those of whom more is asked, until it was done."""
    return user is not None and user.has_role("careful") and "otp" not in progress.amr


def show(visit: Visit) -> Response:
    session[CHALLENGE] = secrets.token_hex(4)
    return Response(render_template_string(PAGE, visit=visit, challenge=session[CHALLENGE]))


def take(visit: Visit) -> Progress | Response:
    challenge = session.pop(CHALLENGE, "")
    assert visit.progress is not None
    if challenge and secrets.compare_digest(request.form.get("code", "").encode(), challenge[::-1].encode()):
        return visit.progress.proven_by("otp")
    return show(visit)


STEP = Step("one_time_code", is_due, show, take)
