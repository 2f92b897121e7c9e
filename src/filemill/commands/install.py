"""`filemill install`: the system packages, by apt-get."""

import click

from filemill.local import system


@click.command()
def install() -> None:
    """Install the system packages that filemill uses (Debian and Ubuntu; as root or with sudo)."""
    missing = system.missing()
    if not missing:
        click.echo("Every system package is there.")
        return
    click.echo("Missing: " + ", ".join(f"{package.name} ({package.serves})" for package in missing))
    system.install(missing)
    for package in system.missing():
        click.echo(f"{package.name} is not installed; without it: {package.serves} is left out.")
