"""The `sso-center` command: says which extra is missing instead of failing with an ImportError."""

import sys


def main() -> None:
    """Run the command line, or name the extra to install when the server's parts are absent."""
    try:
        from sso_center.cli import main as run  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] in ("sso_center", "client_sdk"):
            raise
        sys.exit(
            f"sso-center: the center's own parts are not installed ({missing.name} is missing).\n"
            "Install them with: pip install 'sso-center[server]'"
        )
    run()


if __name__ == "__main__":
    main()
