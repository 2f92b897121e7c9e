"""The command `filemill`: finds the command that was asked for, and says in one sentence what was wrong with it."""

import importlib
import sys

import click

from filemill import __version__
from filemill.errors import BadSetting, FilemillError

WRONG_USE, FAILED = 2, 1

COMMANDS = {
    "serve": "Run everything on this machine: database, queue, object store, API and workers.",
    "api": "Run the API alone; the environment says where the servers are.",
    "worker": "Run the worker of one lane alone.",
    "migrate": "Take the database forwards to the tables of this version.",
    "doctor": "Say what is installed, what is missing, and what to do about it.",
    "install": "Install the system packages that filemill uses.",
    "admin": "Look after accounts.",
    "demo": "Start everything for a moment and walk one real table through it.",
}
"""Every command and its line of help; `filemill.commands` has a file for each, with a click command of that name."""


class _Commands(click.Group):
    """Loads a command's file only when it runs: `serve` need not wait for what only the API and the workers import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"filemill.commands.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="filemill")
@click.pass_context
def filemill(context: click.Context) -> None:
    """Files go in, finished files come out."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Runs the command line; ends the process with 0, 1 (it failed) or 2 (it was told something wrong)."""
    try:
        code = filemill.main(prog_name="filemill", standalone_mode=False)
    except click.ClickException as error:
        sys.exit(_say(error.format_message(), WRONG_USE))
    except BadSetting as error:
        sys.exit(_say(error.message, WRONG_USE))
    except FilemillError as error:
        sys.exit(_say(error.message, FAILED))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_say("Stopped.", 130))
    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str, code: int) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
