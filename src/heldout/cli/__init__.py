"""The command `heldout`: one file per group of commands, imported when its command runs.

Exit codes: 0 it worked, 1 it ran and the answer is no, 2 the input is bad.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from heldout import __version__
from heldout.cli.lazy import Entry, LazyCommand
from heldout.errors import HeldoutError

ORGANISE, SCORE, TAKE_PART, SERVE, PLAN = (
    "Make a challenge",
    "Score",
    "Take part",
    "Serve",
    "Plan the computation",
)

# Every command, in the order of the overview: where it is, its panel, and its one line.
COMMANDS: dict[str, Entry] = {
    "new": Entry(
        "heldout.cli.new:new", ORGANISE, "Make a challenge folder from data, or a skeleton."
    ),
    "check": Entry(
        "heldout.cli.check:check", ORGANISE, "List every problem of a challenge folder."
    ),
    "leaks": Entry("heldout.cli.leaks:leaks", ORGANISE, "Find examples on both sides of a split."),
    "profile": Entry(
        "heldout.cli.profile:profile", ORGANISE, "Say what is in the data, and what is missing."
    ),
    "split": Entry("heldout.cli.split:split", ORGANISE, "Split data and hold answers out."),
    "document": Entry(
        "heldout.cli.document:document", ORGANISE, "Fill in the datasheet; write the data's cards."
    ),
    "release": Entry("heldout.cli.document:release", ORGANISE, "Write the bundle people download."),
    "data": Entry("heldout.cli.data:data", ORGANISE, "Import, revise and export data sets."),
    "publish": Entry("heldout.cli.publish:publish", ORGANISE, "Put a challenge on a site."),
    "score": Entry("heldout.cli.score:score", SCORE, "Score predictions, with intervals."),
    "compare": Entry("heldout.cli.compare:compare", SCORE, "Test whether two results differ."),
    "rank": Entry("heldout.cli.rank:rank", SCORE, "Rank results; say which of them differ."),
    "errors": Entry("heldout.cli.errors:errors", SCORE, "Look at the worst examples."),
    "metrics": Entry("heldout.cli.metrics:metrics", SCORE, "List the metrics and their numbers."),
    "login": Entry("heldout.cli.login:login", TAKE_PART, "Store an API token for a site."),
    "download": Entry(
        "heldout.cli.download:download", TAKE_PART, "Download a challenge's public data."
    ),
    "submit": Entry("heldout.cli.submit:submit", TAKE_PART, "Submit predictions to a challenge."),
    "submissions": Entry(
        "heldout.cli.submissions:submissions", TAKE_PART, "List your submissions and their status."
    ),
    "leaderboard": Entry(
        "heldout.cli.leaderboard:leaderboard", TAKE_PART, "Print a challenge's leaderboard."
    ),
    "serve": Entry("heldout.cli.serve:serve", SERVE, "Serve the site of a data folder."),
    "worker": Entry("heldout.cli.worker:worker", SERVE, "Run one more worker of a site."),
    "export": Entry("heldout.cli.export:export", SERVE, "Write one challenge to an archive."),
    "import": Entry("heldout.cli.export:import_", SERVE, "Put an exported challenge on a site."),
    "backup": Entry("heldout.cli.backup:backup", SERVE, "Copy a site into one file, in use."),
    "restore": Entry("heldout.cli.restore:restore", SERVE, "Make a site from a backup."),
    "audit": Entry("heldout.cli.audit:app", SERVE, "Check that the audit log is as written."),
    "doctor": Entry("heldout.cli.doctor:doctor", SERVE, "Check that a site can be relied on."),
    "settings": Entry("heldout.cli.settings:settings", SERVE, "List every setting and its value."),
    "migrate": Entry("heldout.cli.migrate:migrate", SERVE, "Bring a site's database up to date."),
    "manage": Entry("heldout.cli.manage:app", SERVE, "Run a command of Django on a site."),
    "catalogue": Entry(
        "heldout.cli.catalogue:app", SERVE, "Add data sets to a site; harvest others' catalogues."
    ),
    "demo": Entry("heldout.cli.demo:demo", SERVE, "Build and serve a challenge on real data."),
    "plan": Entry("heldout.cli.plan:plan", PLAN, "What a model costs to train, before training."),
    "devices": Entry("heldout.cli.devices:devices", PLAN, "List devices; plot trends."),
    "cost": Entry("heldout.cli.cost:cost", PLAN, "Compare renting with buying."),
    "explain": Entry("heldout.cli.explain:explain", PLAN, "Explain number formats, convolutions."),
}

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"heldout {__version__}")
        raise typer.Exit


@app.callback()
def heldout(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Launch dataset challenges end to end: split, hold out, score, rank and serve."""


def command_group() -> Any:
    """Build `heldout` with every command of the table, none of them imported."""
    group: Any = typer.main.get_group(app)
    for name, entry in COMMANDS.items():
        group.add_command(LazyCommand(name, entry), name)
    return group


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake becomes a list of problems and exit code 2."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        command_group().main(args=given, prog_name="heldout")
    except (HeldoutError, OSError) as error:
        from heldout.cli.output import print_refusal

        print_refusal(error, as_json="--json" in given)
        sys.exit(2)
