"""The entry point: finds commands by name, loads only the one asked for, and ends with its code."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from trajhouse.cli.errors import DiskFault, ExitCode, TrajhouseError, UsageFault
from trajhouse.cli.warehouse import Warehouse

COMMANDS = {
    "sample": "Generate raw input of a family, with the truth about it.",
    "ingest": "Land raw trajectories in the warehouse.",
    "sources": "List what has landed.",
    "build": "Build, test and publish the marts.",
    "marts": "List the marts and their rows.",
    "show": "Show a trajectory or a mart.",
    "query": "Run SQL, read-only.",
    "stats": "Summarise a mart.",
    "export": "Write a mart as a training set.",
    "tokenizer": "Tell what a chat template does with trajectories.",
    "verify": "Check an export against its manifest.",
    "status": "Say what is out of date; silent when nothing is.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Command names, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command `cmd_name`, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"trajhouse.cli.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@dataclass(frozen=True)
class Settings:
    """What every command is told."""

    warehouse: Warehouse


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--warehouse",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TRAJHOUSE_WAREHOUSE",
    default=Path("warehouse"),
    show_default=True,
    show_envvar=True,
    help="The warehouse folder.",
)
@click.version_option(package_name="trajhouse")
@click.pass_context
def trajhouse(ctx: click.Context, folder: Path) -> None:
    """A SQL-first warehouse for agent training trajectories."""
    ctx.obj = Settings(Warehouse(folder))


def main() -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _require_text(sys.argv)
        code = trajhouse.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = ExitCode.OK
    except click.ClickException as error:
        code = report(_usage_fault(error))
    except TrajhouseError as error:
        code = report(error)
    except OSError as error:
        fault = DiskFault(
            f"cannot read or write {error.filename or 'the disk'}",
            error.strerror or str(error),
            "check the path, its permissions and the free space",
        )
        code = report(fault)
    sys.exit(int(code or 0))


def report(error: TrajhouseError) -> ExitCode:
    """Print an error on stderr, as JSON where the command was asked for `--json`; its exit code."""
    wants_json = "--json" in sys.argv
    click.echo(json.dumps(error.as_dict()) if wants_json else error.as_lines(), err=True)
    return error.exit_code


def _usage_fault(error: click.ClickException) -> UsageFault:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "trajhouse"
    message = " ".join(error.format_message().split())
    return UsageFault(f"cannot run {command}", message, f"{command} --help")


def _require_text(words: list[str]) -> None:
    for word in words:
        if not word.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise UsageFault(
                f"cannot read the argument {word!a}",
                "it is not UTF-8",
                "rename the file, or mend it",
            )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
