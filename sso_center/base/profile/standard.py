"""The fields of a profile, a line each: all standard claims of OpenID Connect Core 1.0 (5.1, 5.4), and
groups.

An operator adds to them by SSO_PROFILE_FIELDS.
"""

from sso_center.base.profile.field import ADMIN, PERSON, SOURCE, Field
from sso_center.base.profile.kinds import DATE, EMAIL, FLAG, LANGUAGE, NAMES, NUMBER, PHONE, POSTAL, URL, ZONE

_EVERYONE = (PERSON, ADMIN, SOURCE)


def _(label: str) -> str:
    """Return what it is given; by this name a label is found for the translations."""
    return label


FIELDS = (
    Field("name", _("Name"), editors=_EVERYONE),
    Field("given_name", _("Given name"), editors=_EVERYONE),
    Field("family_name", _("Family name"), editors=_EVERYONE),
    Field("middle_name", _("Middle name"), editors=_EVERYONE),
    Field("nickname", _("Nickname"), editors=_EVERYONE),
    Field("preferred_username", _("User name"), derived="username"),
    Field("profile", _("Profile page"), URL, editors=_EVERYONE),
    Field("picture", _("Picture"), URL, editors=_EVERYONE),
    Field("website", _("Website"), URL, editors=_EVERYONE),
    Field("email", _("E-mail address"), EMAIL, "email"),
    Field("email_verified", _("E-mail address is verified"), FLAG, "email", verifies="email"),
    Field("gender", _("Gender"), editors=_EVERYONE),
    Field("birthdate", _("Birthdate"), DATE, editors=_EVERYONE),
    Field("zoneinfo", _("Time zone"), ZONE, editors=_EVERYONE),
    Field("locale", _("Language"), LANGUAGE, editors=_EVERYONE),
    Field("phone_number", _("Phone number"), PHONE, "phone", editors=_EVERYONE),
    Field("phone_number_verified", _("Phone number is verified"), FLAG, "phone", verifies="phone_number"),
    Field("address", _("Postal address"), POSTAL, "address", editors=_EVERYONE),
    Field("groups", _("Groups"), NAMES, "groups"),
    Field("updated_at", _("Last change"), NUMBER, derived="updated_at"),
)

SCOPES = {
    "profile": _("your name and profile"),
    "email": _("your e-mail address"),
    "phone": _("your phone number"),
    "address": _("your postal address"),
    "groups": _("your groups"),
}
"""What the scopes of these fields stand for, as a person is asked for it. Others are named by the labels of
their fields."""
