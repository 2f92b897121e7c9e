"""`filemill doctor`: says what is installed, what is missing, and what to do."""

import sys

import click

from filemill.local import system


@click.command()
def doctor() -> None:
    """Say what is installed, what is missing, and what to do about it. Ends with 1 if something needed is missing."""
    findings = system.look()
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok     " if finding.well else "MISSING" if finding.needed else "-      "
        click.echo(f"{mark} {finding.name:{width}}  {finding.found or finding.trouble}")
        if finding.advice:
            click.echo(f"{'':{width + 8}}  {finding.advice}")
    if not all(finding.well or not finding.needed for finding in findings):
        sys.exit(1)
