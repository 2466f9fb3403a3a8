# ruff: noqa: RUF001 (Chinese has commas of its own)
"""The SDK's own pages at a site, in English and Chinese, and the JSON that scripts get instead."""

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import NamedTuple

from client_sdk.core.errors import SSOError
from client_sdk.core.web.messages import Answer, Cookie, Incoming, answer


class PageText(NamedTuple):
    """One page in one language; `action` is the text of its link or button."""

    title: str
    text: str
    action: str = ""


WORDS: dict[str, dict[str, PageText]] = {
    "en": {
        "unknown_attempt": PageText(
            "Please sign in again",
            "This sign-in took too long, or it was begun in another browser.",
            "Sign in",
        ),
        "refused": PageText(
            "Signing in did not work", "The sign-in was not accepted. Please try once more.", "Sign in again"
        ),
        "denied": PageText("You are not signed in", "The sign-in was cancelled or not allowed.", "Sign in"),
        "setup": PageText(
            "Signing in did not work",
            "This site is not set up correctly. Its operator finds the reason in the log.",
        ),
        "contradiction": PageText(
            "You have been signed out", "The sign-in service ended your session just now.", "Sign in again"
        ),
        "unavailable": PageText(
            "One moment, please",
            "The sign-in service can't be reached just now. You need not sign in again.",
            "Try again",
        ),
        "forbidden": PageText(
            "Not for this account", "Your account does not have the role that this page asks for.", "Sign out"
        ),
        "confirm": PageText("Sign out?", "You will be signed out here and at every other site.", "Sign out"),
        "signed_out": PageText(
            "You are signed out", "You have been signed out here and at every other site.", "Back to the site"
        ),
        "signed_out_here": PageText(
            "You are signed out here",
            "The sign-in service can't be reached just now, so you may still be signed in at other sites.",
            "Back to the site",
        ),
    },
    "zh": {
        "unknown_attempt": PageText("请重新登录", "本次登录已超时，或是在另一个浏览器中开始的。", "登录"),
        "refused": PageText("登录未成功", "本次登录未被接受，请再试一次。", "重新登录"),
        "denied": PageText("您尚未登录", "登录已取消或未被允许。", "登录"),
        "setup": PageText("登录未成功", "本站点的登录设置有误，管理员可在日志中查看原因。"),
        "contradiction": PageText("您已退出登录", "登录服务刚刚结束了您的会话。", "重新登录"),
        "unavailable": PageText("请稍候", "暂时无法连接登录服务。您无需重新登录。", "重试"),
        "forbidden": PageText("此账号无权访问", "您的账号没有访问此页面所需的角色。", "退出登录"),
        "confirm": PageText("要退出登录吗？", "您将在本站点和所有其他站点退出登录。", "退出登录"),
        "signed_out": PageText("您已退出登录", "您已在本站点和所有其他站点退出登录。", "返回站点"),
        "signed_out_here": PageText(
            "您已在此退出登录", "暂时无法连接登录服务，您在其他站点可能仍处于登录状态。", "返回站点"
        ),
    },
}

_PAGES = {
    "login_unknown_attempt": "unknown_attempt",
    "login_denied": "denied",
    "login_contradiction": "contradiction",
    "login_client_refused": "setup",
    "login_session_too_large": "setup",
}

STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;font:1.05rem/1.55 system-ui,sans-serif;"
    "background:color-mix(in srgb,Canvas 95%,CanvasText);color:CanvasText}"
    "main{box-sizing:border-box;width:min(26rem,calc(100vw - 2rem));padding:2rem;border-radius:1rem;"
    "background:Canvas;border:1px solid color-mix(in srgb,Canvas 86%,CanvasText)}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}"
    "p{margin:0}"
    ".go{display:inline-block;margin-top:1.5rem;padding:.6rem 1.2rem;border:0;border-radius:.6rem;"
    "font:inherit;font-weight:600;"
    "background:#2b59c3;color:#fff;text-decoration:none;cursor:pointer}"
    ".go:focus-visible{outline:3px solid #8fb0ff;outline-offset:2px}"
)
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()


def page(
    incoming: Incoming,
    status: int,
    name: str,
    *,
    link: str = "",
    form: tuple[str, str] | None = None,
    centers: str = "",
    cookies: tuple[Cookie, ...] | list[Cookie] = (),
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """Build the page called `name`, with a link to `link` or a POST button to (address, token).

    `centers` is the center's address when the button leads there: browsers apply form-action to the redirect
    after a form too.
    """
    language = _language(incoming.header("Accept-Language"))
    words = WORDS[language][name]
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {centers}".rstrip()
    policy += "; frame-ancestors 'none'; base-uri 'none'"
    return answer(
        status,
        _html(language, words, link, form),
        kind="text/html",
        headers=(("Content-Security-Policy", policy), ("Content-Language", language), *headers),
        cookies=cookies,
    )


def refusal(status: int, error: str, *, headers: tuple[tuple[str, str], ...] = (), **more: str) -> Answer:
    """Build the JSON that a script gets instead of a page."""
    return answer(status, json.dumps({"error": error, **more}), kind="application/json", headers=headers)


def page_name(failed: SSOError) -> str:
    """Return the name of the page for a failed login."""
    return _PAGES.get(failed.code, "refused")


def _language(accepted: str) -> str:
    for part in accepted.split(","):
        tag = part.strip().lower()[:2]
        if tag in WORDS:
            return tag
    return "en"


def _html(language: str, words: PageText, link: str, form: tuple[str, str] | None) -> str:
    action = ""
    if form is not None:
        target, token = form
        action = (
            f'<form method="post" action="{escape(target)}">'
            f'<input type="hidden" name="t" value="{escape(token)}">'
            f'<button class="go" id="logout-confirm">{escape(words.action)}</button></form>'
        )
    elif link and words.action:
        action = f'<a class="go" href="{escape(link)}">{escape(words.action)}</a>'
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(words.title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(words.title)}</h1><p>{escape(words.text)}</p>{action}</main></body></html>\n"
    )
