"""`python -m benchmarks [NAME ...]`: takes the figures, one after another, and prints them as one table."""

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks import measure, report
from benchmarks.report import CACHE, Figure, Options

NAMES = ("startup", "overhead", "read_job", "progress", "documents", "table_steps", "worker_memory", "large_table")
"""Each is a file here with `run(options)`; the large one comes last, as it fills the page cache."""

ON_REQUEST = ("huge_table",)
"""Those that need tens of GB of disk."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES + ON_REQUEST))
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), default=CACHE, help="Where large files are kept."
)
@click.option("--gigabytes", default=1.6, show_default=True, help="The size of the large table.")
@click.option("--store", type=click.Choice(["minio", "seaweedfs"]), help="The object store.")
@click.option("--brief", is_flag=True, help="A few tries of each, to see that they work: no figures to quote.")
def main(names: tuple[str, ...], brief: bool, **chosen: Any) -> None:
    """Take the figures that the README quotes: all of them, or those that are named."""
    options = Options(**{**chosen, "data": chosen["data"].expanduser()}, is_brief=brief)
    report.say(f"{report.machine()}; {datetime.now(UTC):%Y-%m-%d}")
    figures: list[tuple[Figure, float]] = []
    for name in names or NAMES:
        load = measure.load()
        report.say("", f"--- {name} (load {load:.1f}) ---")
        figures += [(figure, load) for figure in importlib.import_module(f"benchmarks.{name}").run(options)]
    report.say("", f"{report.machine()}; {datetime.now(UTC):%Y-%m-%d}{'; BRIEF, not to be quoted' if brief else ''}")
    head = ("what", "figure", "aim", "load before")
    report.table(head, [(each.what, each.value, each.aim, f"{load:.1f}") for each, load in figures])


if __name__ == "__main__":
    main()
