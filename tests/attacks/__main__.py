"""`python -m tests.attacks [NAME ...]`: starts a `serve`, attacks it, and then asks whether all is as it was.

Ends with 1 where an attack has hurt somebody, or where anything is left over at the end.
"""

import importlib
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from tests.attacks.aftermath import Aftermath
from tests.attacks.target import Target

ATTACKS: tuple[str, ...] = (
    "foreign_hosts",
    "registrations",
    "waiters",
    "deep_names",
    "left_behind",
    "walls",
    "slow_uploads",
    "idle_connections",
    "huge_bodies",
    "event_loop",
    "active_content",
    "document_state",
    "log_growth",
    "large_lists",
    "row_growth",
    "poisoned_file",
    "local_user",
    "oversized_put",
    "slow_documents",
    "output_flood",
    "full_disk",
)
"""Each is a file here with `attack(target)`; whatever fills disks comes last."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(ATTACKS))
@click.option("--lane", "lanes", multiple=True, help="Only these lanes are started; all, where none is named.")
def main(names: tuple[str, ...], lanes: tuple[str, ...]) -> None:
    """Attack a stack of our own: all attacks, or those that are named (ten minutes for all)."""
    with tempfile.TemporaryDirectory(prefix="filemill-attack-", ignore_cleanup_errors=True) as folder:
        target = Target(Path(folder) / "home", lanes)
        try:
            before = Aftermath.look_at(target)
            failed = [name for name in names or ATTACKS if not _survives(name, target)]
            failed += before.differences(target)
        finally:
            target.stop()
    click.echo(f"hurt: {', '.join(failed)}" if failed else "nobody was hurt, and nothing is left over")
    sys.exit(bool(failed))


def _survives(name: str, target: Target) -> bool:
    began = time.monotonic()
    try:
        told = importlib.import_module(f"tests.attacks.{name}").attack(target)
        target.assert_alive()
    except AssertionError as error:
        click.echo(f"{name}: HURT after {time.monotonic() - began:.1f} s: {error}")
        return False
    except Exception:  # noqa: BLE001 - one attack that breaks off must not hide the others
        click.echo(f"{name}: BROKE OFF after {time.monotonic() - began:.1f} s\n{traceback.format_exc()}")
        return False
    click.echo(f"{name}: held, {time.monotonic() - began:.1f} s: {told}")
    return True


if __name__ == "__main__":
    main()
