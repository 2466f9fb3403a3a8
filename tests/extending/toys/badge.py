"""A step to begin with, beside the password: a badge held to a reader, which types what is written on it."""

from flask import Response, render_template_string, request

from sso_center.ui.login.step import Progress, Step, Visit

PAGE = """
{% extends "base.html" %}
{% from "parts.html" import form_token, other_ways, problem_box with context %}
{% block main %}
<div class="card">
  <h1>Hold your badge to the reader</h1>
  {{ problem_box(problem) }}
  <form method="post" action="{{ visit.address }}">
    {{ form_token() }}
    <input id="badge" name="badge" autocomplete="off">
    <button id="badge-submit" type="submit">Sign in</button>
  </form>
  {{ other_ways(visit.alternatives) }}
</div>
{% endblock %}
"""


def is_due(progress, user):
    """Due until a user is known, as the password is: whichever is taken first makes both needless."""
    return progress is None or user is None


def show(visit: Visit) -> Response:
    return Response(render_template_string(PAGE, visit=visit))


def take(visit: Visit) -> Progress | Response:
    owner = visit.services.users.find(request.form.get("badge", "").removeprefix("badge of "))
    if owner is None or owner.is_disabled:
        return Response(render_template_string(PAGE, visit=visit, problem="No such badge."), 403)
    return Progress(
        owner.sub, owner.version, ("hwk",), is_remembered=False, started_at=visit.services.clock()
    )


STEP = Step("badge", is_due, show, take, begins="Sign in with a badge")
