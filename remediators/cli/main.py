"""The group of commands, loaded one by one, and how every error ends the process."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence

import click

from remediators import __version__
from remediators.model import JournalError, RemediationError, UsageError

# name -> (module, one line for --help): the modules are imported only when their command runs
COMMANDS = {
    "demo": ("demo", "The whole story against a lab on loopback."),
    "ping": ("ping", "Connect, authenticate, say what answered."),
    "diagnose": ("diagnose", "Which cause of KB 919091 applies where, with the evidence and what fixes it."),
    "plan": ("plan", "Dry run: show every change, and save it with --out."),
    "show": ("show", "Print a saved plan or a run again."),
    "rehearse": ("rehearse", "Try a saved plan there and back on simulated hosts."),
    "approve": ("approve", "Sign a saved plan, as a second person."),
    "apply": ("apply", "Apply what a plan says, and nothing else."),
    "rollback": ("rollback", "Put back what a run changed."),
    "resume": ("resume", "Go on where a run stopped."),
    "recover": ("recover", "How hosts stand that a run left in doubt; confirm or revert armed devices."),
    "verify": ("verify", "Read again what a run set: did policy put it back?"),
    "status": ("status", "Where a run stands, from another terminal."),
    "runs": ("runs", "History."),
    "locks": ("locks", "Which run holds which host; end a lease."),
    "inventory": ("inventory", "Hosts, groups and variables, and who set what."),
    "vault": ("vault", "Encrypt and decrypt files and values as Ansible does."),
    "validate": ("validate", "Check playbooks and inventory without contacting anything."),
    "doc": ("doc", "Remediators, facts, checks: options and examples."),
    "schema": ("schema", "JSON Schema of playbooks, inventories, profiles and plans, for editors."),
    "completion": ("completion", "Completion scripts for bash, zsh and fish."),
    "lab": ("lab", "Simulated hosts on loopback."),
}
BAD_USAGE, OUR_ERROR, INTERRUPTED = 5, 1, 130


class Lazy(click.Group):
    """Knows the names of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"remediators.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="remediate %(version)s")
@click.option("--config", type=click.Path(), help="Configuration file (default: remediate.toml, or pyproject.toml).")
@click.pass_context
def remediate(ctx: click.Context, config: str | None) -> None:
    """Fix configuration across a fleet without an agent, and always be able to put it back."""
    from remediators.cli.configuration import defaults

    values = defaults(config)
    ctx.default_map = dict.fromkeys(COMMANDS, values)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code. Nothing but a mistake of ours shows a traceback."""
    verbose = any(argument.startswith("-v") for argument in arguments)
    try:
        code = remediate.main(args=list(arguments), prog_name="remediate", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except RemediationError as error:
        return _tell(error, verbose=verbose)
    except BrokenPipeError:
        return _closed_pipe()
    except Exception:  # noqa: BLE001 - the edge of the process: a mistake of ours is shown whole
        traceback.print_exc()
        click.echo("this is a mistake in remediate itself; please report it with the lines above", err=True)
        return OUR_ERROR
    return code if isinstance(code, int) else 0


def _tell(error: RemediationError, *, verbose: bool) -> int:
    click.echo(error.message, err=True)
    if verbose and error.detail:
        click.echo(error.detail, err=True)
    return BAD_USAGE if isinstance(error, UsageError) and not isinstance(error, JournalError) else OUR_ERROR


def _closed_pipe() -> int:
    """Somebody stopped reading our output (``| head``). Nobody is left to tell, but it must not pass for a success."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OUR_ERROR
