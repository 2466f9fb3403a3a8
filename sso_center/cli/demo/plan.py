"""What the demo consists of: who lives there, which sites, and where each of them is."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DemoPerson:
    """Somebody to sign in as. The password is no secret: the demo listens on this machine only."""

    username: str
    name: str
    password: str = field(repr=False)
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoSite:
    """One of the three sites."""

    client_id: str
    name: str
    port: int
    remark: str = ""

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://{self.client_id}.localhost:{self.port}"

    @property
    def internal_url(self) -> str:
        """Where programs find it: names under localhost do not resolve in every C library."""
        return f"http://127.0.0.1:{self.port}"


PEOPLE = (
    DemoPerson("alice", "Alice", "alice-drinks-tea"),
    DemoPerson("bob", "Bob", "bob-mends-kettles", ("staff",)),
    DemoPerson("admin", "Admin", "admin-keeps-keys", ("admin", "sso-admin")),
)


@dataclass(frozen=True)
class Plan:
    """Where everything is: the center on `port_base`, the sites on the three ports after it."""

    port_base: int

    @property
    def issuer(self) -> str:
        """The center as browsers know it."""
        return f"http://sso.localhost:{self.port_base}"

    @property
    def internal_url(self) -> str:
        """The center as the sites reach it."""
        return f"http://127.0.0.1:{self.port_base}"

    @property
    def sites(self) -> tuple[DemoSite, ...]:
        """The three sites."""
        return (
            DemoSite("shop", "Tea & Things", self.port_base + 1),
            DemoSite("forum", "Leaf Talk", self.port_base + 2),
            DemoSite("staff", "Back Room", self.port_base + 3, "only for people with the role staff"),
        )

    @property
    def ports(self) -> tuple[int, ...]:
        """All four ports."""
        return tuple(range(self.port_base, self.port_base + 4))
