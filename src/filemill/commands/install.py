"""`filemill install`: the system packages, by apt-get."""

import click

from filemill.local import system


@click.command()
@click.argument("lane", metavar="[LANE]", type=click.Choice(["documents"]), required=False)
def install(lane: str | None) -> None:
    """Install the system packages that filemill uses, or those of one LANE (Debian and Ubuntu; as root or with sudo).

    The lane documents is the one that has some of its own.
    """
    missing = system.missing(lane)
    if not missing:
        click.echo("Every system package is there.")
        return
    click.echo("Missing: " + ", ".join(f"{package.name} ({package.serves})" for package in missing))
    system.install(missing)
    for package in system.missing(lane):
        click.echo(f"{package.name} is not installed; without it: {package.serves} is left out.")
