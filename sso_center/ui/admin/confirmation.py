"""Confirmation: every action has a page that says what it affects, and is done when that page is sent.

An action has one address. A GET shows its form, or the question; a POST without `confirmed` shows the
question with what was typed; a POST with it does what was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request

from sso_center.core.cutoffs import Reach
from sso_center.web.csrf import FIELD
from sso_center.web.pages import render

CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Question:
    """What an admin is asked: `title` as a question, `button` as what will be done, `back` for a no.

    `facts` are pairs of a name and a value; `reach` is how many people, sessions and sites it touches, None
    when it ends nothing. `warning` is what must not be overlooked.
    """

    title: str
    button: str
    back: str
    text: str = ""
    facts: Sequence[tuple[str, str]] = ()
    reach: Reach | None = None
    warning: str = ""
    is_grave: bool = True


def is_sent() -> bool:
    """Say whether a form was sent, either the filled-in one or the question."""
    return request.method == "POST"


def is_confirmed() -> bool:
    """Say whether the question was answered with yes."""
    return is_sent() and request.form.get(CONFIRMED) == "yes"


def ask(question: Question) -> Response:
    """Return the page with the question; what was typed travels along in it."""
    fields = sent_fields() if is_sent() else [*request.args.items(multi=True)]
    return render("admin/question.html", question=question, fields=fields, action=request.path)


def sent_fields() -> list[tuple[str, str]]:
    """Return the fields of the form that was sent, but for the marks of the form itself."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in (FIELD, CONFIRMED)]
