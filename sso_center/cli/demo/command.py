"""The command `sso-center demo`."""

import os
import sys
from pathlib import Path

import click

from sso_center.base.errors import SettingsError
from sso_center.base.settings import load_settings
from sso_center.cli.demo.folder import demo_folder
from sso_center.cli.demo.plan import PEOPLE, Plan
from sso_center.cli.demo.processes import DemoStopped, ProcessEnded, Processes, is_free

LOG = "demo.log"


@click.command()
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65532),
    default=9000,
    show_default=True,
    metavar="N",
    help="The center listens on N, the sites on the three ports after it.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where its data is kept between runs; ./demo-data when not given.",
)
@click.option("--fresh", is_flag=True, help="Forget the data of earlier runs.")
def demo(port_base: int, data_dir: Path | None, *, fresh: bool) -> None:
    """Run the center and three sites on this machine, with people to sign in as. Ctrl-C stops them."""
    plan = Plan(port_base)
    with demo_folder(_folder(data_dir), is_fresh=fresh) as folder:
        _check_ports(plan)
        processes = Processes(folder / LOG)
        try:
            with processes.until_stopped():
                _start(processes, plan, folder)
                click.echo(_announcement(plan, folder))
                processes.supervise()
        except DemoStopped:
            click.echo("\nThe demo is stopped.")
        except ProcessEnded as ended:
            raise SettingsError(f"{ended}; its last words are in {processes.log}") from ended


def _folder(given: Path | None) -> Path:
    if given is not None:
        return given.absolute()
    # Beside a real center's data, never in it.
    configured = os.environ.get("SSO_DATA_DIR")
    return (Path(configured) / "demo" if configured else Path("demo-data")).absolute()


def _check_ports(plan: Plan) -> None:
    for port in plan.ports:
        if not is_free(port):
            raise SettingsError(
                f"Port {port} is taken: stop what listens there, or choose others with "
                f"--port-base {plan.port_base + 100}"
            )


def _start(processes: Processes, plan: Plan, folder: Path) -> None:
    """Seed the center, start it and the sites, and return when all of them answer."""
    from sso_center.cli.demo.seeding import seed  # noqa: PLC0415
    from sso_center.cli.open_services import opened_services  # noqa: PLC0415

    clean, center = _environ(), _center_environ(plan, folder)
    # The stores stay open until the center has them too: they need not stop and start again.
    with opened_services(load_settings(center)) as services:
        secrets = seed(services, plan)
        processes.start("the center", ["sso_center", "serve"], center)
        for site in plan.sites:
            environ = {
                **clean,
                "SSO_ISSUER": plan.issuer,
                "SSO_INTERNAL_URL": plan.internal_url,
                "SSO_CLIENT_ID": site.client_id,
                "SSO_CLIENT_SECRET": secrets[site.client_id],
                "PORT": str(site.port),
            }
            processes.start(f"the site {site.client_id}", [f"demo_apps.{site.client_id}"], environ)
        processes.wait_for("the center", plan.internal_url + "/readyz")
    for site in plan.sites:
        processes.wait_for(f"the site {site.client_id}", site.internal_url + "/")


def _environ() -> dict[str, str]:
    """Return the environment without settings of a real center, whose stores are not for play."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _center_environ(plan: Plan, folder: Path) -> dict[str, str]:
    return {
        **_environ(),
        "SSO_ISSUER": plan.issuer,
        "SSO_BIND": f"127.0.0.1:{plan.port_base}",
        "SSO_DATA_DIR": str(folder),
        "SSO_ALLOW_PRIVATE_ADDRESSES": "yes",
        "SSO_WORKERS": "2",
        # Else nobody would look on for long enough to see an app's token renewed.
        "SSO_APP_TOKEN_ROTATION": "60",
        "SSO_LOG_LEVEL": os.environ.get("SSO_LOG_LEVEL", "info"),
    }


def _announcement(plan: Plan, folder: Path) -> str:
    sites = [f"    {site.name:<14}{site.url:<32}{site.remark}".rstrip() for site in plan.sites]
    people = [
        f"    {person.username:<14}{person.password:<32}{_roles(person.roles)}".rstrip() for person in PEOPLE
    ]
    return "\n".join(
        [
            "",
            "  The demo is ready. Open the sites in a browser:",
            "",
            *sites,
            f"    {'Your account':<14}{plan.issuer}/account",
            f"    {'The console':<14}{plan.issuer + '/admin':<32}only for people with the role sso-admin",
            "",
            "  and sign in as one of these people (name, password):",
            "",
            *people,
            "",
            "  A phone's app, with one token that renews itself, in another terminal:",
            "",
            f"    {_phone(plan)}",
            "",
            "  Sign in at one site, then open the others: you are in. Sign out at one: you are out of all.",
            f"  Data and log are in {folder}. Ctrl-C stops everything.",
            "",
        ]
    )


def _phone(plan: Plan) -> str:
    python = os.path.relpath(sys.executable)
    known = "" if plan.issuer == Plan(9000).issuer else f"SSO_ISSUER={plan.issuer} "
    return f"{known}{sys.executable if python.startswith('..') else python} -m demo_apps.phone"


def _roles(roles: tuple[str, ...]) -> str:
    return f"role {', '.join(roles)}" if roles else ""
