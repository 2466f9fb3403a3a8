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
)
