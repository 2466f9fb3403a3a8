"""Finding people by the beginning of what they are called."""

import pytest

from sso_center.services import Services


@pytest.fixture(scope="module", autouse=True)
def _people(services: Services) -> None:
    for username, name, email in (
        ("zoe", "Zoë Ängström", "zoe@example.org"),
        ("zack", "Zack 100% Sure", "zsolt@example.org"),
        ("walter", "张伟", "z_w@example.org"),
        ("yan", "Zora", ""),
    ):
        services.users.add(username, profile={"name": name, "email": email})


@pytest.mark.parametrize(
    ("beginning", "names"),
    [
        ("zo", ["yan", "zoe"]),
        ("ZACK", ["zack"]),
        ("zack 100%", ["zack"]),
        ("z_", ["walter"]),
        ("张", ["walter"]),
        (" Zoë Ä", ["zoe"]),
        ("example", []),
        ("%", []),
    ],
)
def test_the_beginning_of_a_login_name_a_name_or_an_address_finds_them(
    services: Services, beginning: str, names: list[str]
) -> None:
    assert [user.username for user in services.users.search(beginning)] == names


def test_found_users_come_a_page_at_a_time_in_the_order_of_their_login_names(services: Services) -> None:
    first = services.users.search("z", count=2)
    assert [user.username for user in first] == ["walter", "yan"]
    rest = services.users.search("z", after=first[-1].username, count=2)
    assert [user.username for user in rest] == ["zack", "zoe"]
