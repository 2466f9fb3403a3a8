"""The security headers of every answer, and the rules that keep the Host header out of all of them."""

from collections.abc import Collection

from flask import Flask, Response, g

from sso_center.base.settings import Settings

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Few pages carry a script and none an inline style, so neither is allowed, not even from this host."""

FORM_POLICY = CONTENT_POLICY + "; form-action 'self'"

SCRIPT_POLICY = FORM_POLICY + "; script-src 'self'; connect-src 'self'"
"""Where a script of ours keeps a page up to date: never one that stands in the page itself."""

NOTHING_POLICY = "default-src 'none'; frame-ancestors 'none'"

HSTS = "max-age=63072000; includeSubDomains"

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), "
        "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    ),
)


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of `app`, errors included."""
    _never_build_an_address_from_the_host(app)
    always = (*ALWAYS, ("Strict-Transport-Security", HSTS)) if settings.is_secure else ALWAYS

    @app.after_request
    def secure(response: Response) -> Response:
        headers = response.headers
        headers.extend(always)
        headers["Content-Security-Policy"] = _content_policy()
        # A redirect makes no document of its own. Cutting the opener off there would break sites that
        # sign people in inside a small window, even when no page of ours is shown.
        if response.status_code not in (301, 302, 303, 307, 308):
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers.setdefault("Cache-Control", "no-store")
        return response


def for_programs(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return the headers of an answer that no browser shows, beside what it says of caching itself.

    Those that restrict what a page may do are left out: there is none.
    """
    own = (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", NOTHING_POLICY),
    )
    return (*own, ("Strict-Transport-Security", HSTS)) if settings.is_secure else own


def let_forms_lead_elsewhere() -> None:
    """Leave `form-action` out of this answer: its form is answered by redirects that end at another site.

    Chromium holds every redirect that follows the sending of a form against the `form-action` of the page
    with the form. A login is answered by a redirect to /authorize, that by one to the site, and the site may
    send the browser on to wherever it lives: none of these may be refused, and the last can't be known.
    Such a page is protected by having no markup that it did not escape, and no script.
    """
    g.forms_lead_elsewhere = True


def let_own_script_run() -> None:
    """Let the answer to this request run the scripts of /assets, and let those ask this host."""
    g.own_script_runs = True


def let_frames_show(origins: Collection[str]) -> None:
    """Let the page that answers this request hold frames of exactly these origins, which are registered."""
    g.shown_origins = sorted(origins)


def _content_policy() -> str:
    if g.get("own_script_runs", False):
        return SCRIPT_POLICY
    policy = CONTENT_POLICY if g.get("forms_lead_elsewhere", False) else FORM_POLICY
    shown = g.get("shown_origins")
    return f"{policy}; frame-src {' '.join(shown)}" if shown else policy


def _never_build_an_address_from_the_host(app: Flask) -> None:
    # Werkzeug answers `//login` and a missing last slash with a redirect to an absolute address, made with
    # the Host that the request claimed. Everything else here writes paths, or starts from the issuer.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
