"""The messages of core to people, listed here so that the translations know them.

Core speaks only English and marks nothing. A page that shows such a message looks up its translation here; a
missing one is shown in English.
"""

import re

from sso_center.web.language import gettext, lazy_gettext

_VALUE = re.compile(r"%\((\w+)\)s")


def N_(message: str) -> str:  # noqa: N802 - the name by which Babel finds what is translated later
    """Return what it is given: a sentence that is looked up with the values that core put into it."""
    return message


FROM_CORE = (
    lazy_gettext("A password needs at least 8 characters."),
    lazy_gettext("A password can have at most 256 characters."),
    lazy_gettext("The password has characters that can't be stored."),
    lazy_gettext("The password must not be the user name."),
    lazy_gettext("This password is one of the first that anyone would try."),
    lazy_gettext("The account was changed a moment ago. Please sign in again."),
    lazy_gettext("The user name is missing."),
    lazy_gettext("A user name has 1 to 100 printable characters."),
    lazy_gettext("All fields of a person together take at most 8000 bytes."),
    lazy_gettext("A client that people log in at needs a redirect address."),
    lazy_gettext("A public client can't prove itself, so it may not introspect."),
    lazy_gettext("A public client has no credentials to come with."),
    lazy_gettext("An app token renews itself: it excludes refresh_token."),
    lazy_gettext("connection refused"),
    lazy_gettext("no answer in time"),
    lazy_gettext("its certificate is not valid"),
    lazy_gettext("connection failed"),
    lazy_gettext("the client has no logout address"),
)

WITH_VALUES = (
    N_("%(value)s is not an e-mail address."),
    N_("%(value)s is not a web address that begins with https:// or http://."),
    N_("%(value)s is not a date: 1999-12-31, 0000-12-31 and 1999 are."),
    N_("%(value)s is not a time zone: Europe/Paris is."),
    N_("%(value)s is not a language tag: en-US is."),
    N_(
        "%(value)s is not a phone number with its country code: +1 425 555 1212 and +49 30 123456;ext=78 are."
    ),
    N_("%(field)s has at most %(most)s printable characters."),
    N_("%(field)s has at most %(most)s entries."),
    N_("In %(field)s a comma stands between entries, not within one."),
    N_("%(value)s is not a role: 1 to 100 letters, digits and . _ : / - are."),
    N_("A user can have at most %(most)s roles."),
    N_("The user name %(value)s is taken."),
    N_("%(value)s is not a client id: 1 to 64 letters, digits and . _ - are."),
    N_("The client %(value)s is registered already."),
    N_("A client's name has 1 to %(most)s printable characters."),
    N_("%(value)s is not a plain address."),
    N_("%(value)s is not an address: %(why)s."),
    N_("%(value)s must not have a fragment."),
    N_("%(value)s must not carry a user name."),
    N_("%(value)s has no host."),
    N_("%(value)s must use https."),
    N_("%(value)s must start with https:// (or http:// on this machine)."),
    N_("%(value)s must start with https:// or http://."),
    N_("%(value)s must have scheme, host and port of one of the redirect addresses."),
    N_("%(value)s is not an audience: a client id or an address is."),
    N_("%(value)s is not a scope."),
    N_("A client can have at most %(most)s %(what)s."),
    N_("%(field)s is a whole number from %(low)s to %(high)s."),
    N_("grant_types are some of %(known)s."),
    N_("%(grant_type)s comes with a login: it needs %(logins)s."),
    N_("An app token comes with a login: it needs %(logins)s."),
    N_("%(scope)s needs the grant type refresh_token."),
    N_("With %(scope)s its tokens are for the center: it has no audiences."),
    N_("%(scope)s is for who acts for itself alone: its only grant type is client_credentials."),
)
"""What core says with values in it: by the sentence around them it is known which one it was."""


def in_words(message: str) -> str:
    """Return a message of core in the language of the page, in English as far as it has no translation."""
    for sentence, pattern in _PATTERNS:
        if found := pattern.fullmatch(message):
            return gettext(sentence, **found.groupdict())
    return gettext(message)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _VALUE.split(sentence)
    told = [f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(told), re.DOTALL)


_PATTERNS = [(sentence, _pattern(sentence)) for sentence in WITH_VALUES]
