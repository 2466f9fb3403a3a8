"""The command `sso-center` and where its subcommands are."""

import sys

import click

from sso_center.base.errors import SSOError
from sso_center.cli.failures import exit_code, explained, shows_traces
from sso_center.cli.lazy import LazyGroup

PLACES = {
    "serve": ("sso_center.cli.serve:serve", "Run the center."),
    "courier": ("sso_center.cli.courier:courier", "Run the courier alone, beside another WSGI server."),
    "demo": ("sso_center.cli.demo:demo", "Run the center and three sites on this machine."),
    "users": ("sso_center.cli.users:users", "Add, list, change and import people."),
    "clients": ("sso_center.cli.clients:clients", "Register sites, show, change and remove them."),
    "sessions": ("sso_center.cli.sessions:sessions", "List and show global sessions, end one."),
    "presence": ("sso_center.cli.presence:presence", "Count who is here, and name what is used most."),
    "logout": ("sso_center.cli.logout:logout", "Log out a user, a site's people, a role, or everyone."),
    "endings": ("sso_center.cli.endings:endings", "List endings, show which sites know, tell them again."),
    "audit": ("sso_center.cli.audit:audit", "Look through the audit log, and take it out."),
    "keys": ("sso_center.cli.keys:keys", "List and rotate signing keys."),
    "doctor": ("sso_center.cli.doctor:doctor", "Look over settings and stores, and say what is wrong."),
}


@click.group(cls=LazyGroup, places=PLACES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sso-center", prog_name="sso-center")
def group() -> None:
    """One login for all your sites.

    Settings come from the environment (SSO_ISSUER, SSO_DATA_DIR, ...) or the TOML file named by
    SSO_CONFIG.
    """


def main() -> None:
    """Run the command line; an expected trouble is one line for each cause, and its exit code 1 or 2."""
    try:
        code = group.main(standalone_mode=False)
    except SSOError as trouble:
        if shows_traces():
            raise
        for line in explained(trouble):
            click.echo(f"sso-center: {line}", err=True)
        code = exit_code(trouble)
    except click.ClickException as wrong:
        wrong.show()
        code = wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = 130
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does.
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
