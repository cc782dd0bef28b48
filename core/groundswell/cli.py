"""The `groundswell` command: a table of commands, each imported only when it is used.

The table is text, so that the core imports neither role and an agent's process never loads the coordinator.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import click

from groundswell import __version__
from groundswell.command_table import CommandTable
from groundswell.errors import GroundswellError, InvalidTest
from groundswell.exit_codes import ExitCode

# command -> (module that exports `command`, the line `groundswell --help` shows)
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("groundswell_coordinator.cli.run", "Run a test and print its verdict."),
    "validate": ("groundswell_coordinator.cli.validate", "Say all that is wrong with a test file."),
    "plan": ("groundswell_coordinator.cli.plan", "Show who would do what, without any load."),
    "doctor": (
        "groundswell_coordinator.cli.doctor",
        "Check test, machine and target, without any load.",
    ),
    "init": ("groundswell_coordinator.cli.init", "Write a first test file."),
    "import": (
        "groundswell_coordinator.cli.import_group",
        "Make a test of a recording, a curl command, an API's description or a log.",
    ),
    "capacity": (
        "groundswell_coordinator.cli.capacity",
        "Find the highest rate that a target carries.",
    ),
    "schema": ("groundswell_coordinator.cli.schema", "Print the JSON schema of a test file."),
    "agents": ("groundswell_coordinator.cli.agents", "List the agents of a pool."),
    "runs": ("groundswell_coordinator.cli.runs", "List past runs, and those that go on."),
    "show": ("groundswell_coordinator.cli.show", "Print the summary of a run, or of a part of it."),
    "watch": ("groundswell_coordinator.cli.watch", "Follow a run that goes on."),
    "stop": ("groundswell_coordinator.cli.stop", "Stop a run that goes on."),
    "delete": ("groundswell_coordinator.cli.delete", "Delete a run."),
    "verdict": ("groundswell_coordinator.cli.verdict", "Work out a run's verdict anew."),
    "compare": (
        "groundswell_coordinator.cli.compare",
        "Say whether a run is worse than another.",
    ),
    "history": (
        "groundswell_coordinator.cli.history",
        "Show the runs of a test, and where they changed.",
    ),
    "baseline": ("groundswell_coordinator.cli.baseline", "Name runs to compare with."),
    "export": ("groundswell_coordinator.cli.export", "Write a run into a file."),
    "import-run": ("groundswell_coordinator.cli.import_run", "Take in a run from a file."),
    "coordinator": (
        "groundswell_coordinator.cli.coordinator",
        "Serve a pool of agents and those who run tests on it.",
    ),
    "agent": ("groundswell_agent.command", "Generate load for a coordinator."),
    "certs": (
        "groundswell_coordinator.cli.certs_group",
        "Make certificates and tokens for a coordinator and who comes to it.",
    ),
    "demo-target": (
        "groundswell_coordinator.cli.demo_target",
        "Serve fast, slow, flaky and large routes to try things on.",
    ),
}

_EPILOG = """\b
Exit codes:
  0  PASS or done            99  FAIL                       104  invalid test
  1  any other error        100  setup failed               105  interrupted
  2  wrong usage            101  teardown failed            106  coordinator unreachable
 96  INCONCLUSIVE           102  not enough agents in time  107  exception in a test script
                            103  stopped by an operator     109  internal error"""


class _Commands(CommandTable):
    """The group over `COMMANDS`."""

    table = COMMANDS


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="groundswell")
def cli() -> None:
    """Distributed HTTP load generation with one global verdict: PASS, FAIL or INCONCLUSIVE.

    \b
    Start here:
      groundswell run test.yaml
      groundswell validate test.yaml
    """


def main() -> NoReturn:
    """Run the command and exit with its code; every GroundswellError becomes a line and its own."""
    _open_closed_streams()
    # grpc prepares for a process that forks, and says so on stderr when one starts another program; we never fork.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # What it says of itself on stderr reaches us as an error anyway; it reads this when it is imported.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Our matrices are small: threads for them cost more than they save, and each has memory of its own in every agent.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Being ended from outside is being interrupted, also while nothing is ready yet to do it in order.
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever started us with one ignored, as nohup does, means it.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        result = cli.main(standalone_mode=False, prog_name="groundswell")
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except GroundswellError as error:
        _print_error(error)
        sys.exit(error.exit_code)
    sys.exit(result if isinstance(result, int) else ExitCode.OK)


def _open_closed_streams() -> None:
    """Standard streams that are closed, as a daemon's may be, lead nowhere instead.

    Otherwise the next socket would get the number of one, and whatever is printed would go to it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            # Opening takes the lowest number that is free: this one.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _print_error(error: GroundswellError) -> None:
    if isinstance(error, InvalidTest):
        for problem in error.problems:
            click.echo(str(problem), err=True)
        return
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
