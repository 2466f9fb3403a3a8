"""What core says to people in English, named here so that the translations know it.

Core speaks no other language and marks nothing. Where a page shows such a message it looks it up again; a
message that is missing here is shown in English.
"""

from sso_center.web.language import lazy_gettext

FROM_CORE = (
    lazy_gettext("A password needs at least 8 characters."),
    lazy_gettext("A password can have at most 256 characters."),
    lazy_gettext("The password has characters that can't be stored."),
    lazy_gettext("The password must not be the user name."),
    lazy_gettext("This password is one of the first that anyone would try."),
    lazy_gettext("The account was changed a moment ago. Please sign in again."),
    lazy_gettext("The user name is missing."),
    lazy_gettext("A user name has 1 to 100 printable characters."),
    lazy_gettext("A name has at most 200 printable characters."),
    lazy_gettext("A client that people log in at needs a redirect address."),
    lazy_gettext("A public client can't prove itself, so it may not introspect."),
    lazy_gettext("A public client has no credentials to come with."),
    lazy_gettext("Refresh tokens come with a login: refresh_token needs authorization_code."),
    lazy_gettext("An app token comes with a login: it needs authorization_code."),
    lazy_gettext("An app token renews itself: it excludes refresh_token."),
    lazy_gettext("connection refused"),
    lazy_gettext("no answer in time"),
    lazy_gettext("its certificate is not valid"),
    lazy_gettext("connection failed"),
    lazy_gettext("the client has no logout address"),
)
