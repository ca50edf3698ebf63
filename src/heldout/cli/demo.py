"""`heldout demo`: the whole journey on real data, from images to a served leaderboard."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heldout.cli.demo_pages import HOMES_PAGES, PAGES
from heldout.cli.leaderboard import local_board, print_board
from heldout.cli.options import Json
from heldout.cli.output import print_json, progress, say
from heldout.cli.serve import Host, Port
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from heldout.baselines.entrants import Fitted
    from heldout.challenge.folder import Challenge
    from heldout.site.accounts.models import User
    from heldout.site.challenges.models import Challenge as Published

ORGANISER = "organiser@demo.invalid"
SEED = 2026
HOMES_SEED = 1
DIGITS, HOMES = "digits", "homes"
HOMES_COLUMNS = (
    *("home", "region", "income", "income_band"),
    *("licence", "author", "source", "opt_out", "note"),
)
HOMES_ENTRANTS = ("nearest-neighbours", "rbf-svm")
BASELINES = """
[[baselines]]
model = "lenet"
batch = 32
epochs = 30
precision = "fp32"

[[baselines]]
model = "resnet18"
"""


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Where the demo is kept: its challenge and its site.")
    ],
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop once the leaderboard is printed.")
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    json: Json = False,
) -> None:
    """Build a finished challenge on real data, and one with planted faults, and serve them.

    The handwritten digits of scikit-learn become a challenge; five baselines are trained on its training split, submit, are scored and ranked. A second, small challenge of drawn pictures has leaks, missing licences and an income gap to be found: try `heldout leaks`, `heldout profile` and `heldout check` on its folder `homes`. A folder that has a demo already is served as it is.
    """
    now = datetime.now(UTC)  # noqa: TID251  (the edge: commands have no caller to pass it)
    site = folder / "site"
    _refuse_other_folder(folder)
    for name, make in ((DIGITS, make_digits), (HOMES, make_homes)):
        if (folder / name).is_dir():
            say(f"{folder / name} is there already")
        else:
            made = make(folder / name, now)
            say(f"made the challenge {folder / name} from {made:,} images")
    from heldout.challenge.folder import load
    from heldout.cli.local import find_phase, open_site

    open_site(site, make=True)
    homes, digits = load(folder / HOMES), load(folder / DIGITS)
    _enter_baselines(homes, _publish(homes, now), only=HOMES_ENTRANTS)
    published = _publish(digits, now)
    _enter_baselines(digits, published)
    board = local_board(published, find_phase(published, None))
    print_json(board) if json else print_board(board)
    say(f"{folder / HOMES} has planted faults: heldout leaks {folder / HOMES}")
    if no_serve:
        say(f"look at it in a browser: heldout serve {site} --sign-in {ORGANISER}")
    else:
        _serve(site, host=host, port=port)


def _serve(site: Path, *, host: str, port: int) -> None:
    # The site's processes are forked, and a fork of what has computed has locks nobody opens again.
    sys.stdout.flush()
    where = ("--host", host, "--port", str(port), "--sign-in", ORGANISER)
    command = [sys.executable, "-m", "heldout", "serve", str(site), *where]
    os.execv(command[0], command)  # noqa: S606  (our own command, no shell)


def _refuse_other_folder(folder: Path) -> None:
    known = {DIGITS, HOMES, "site"}
    if folder.exists() and not (
        folder.is_dir() and {path.name for path in folder.iterdir()} <= known
    ):
        remedy = "name a new folder"
        raise BadInput([Problem(str(folder), "holds something that is no demo", remedy)])


def make_digits(folder: Path, now: datetime) -> int:
    from heldout.challenge.recipe import Recipe
    from heldout.challenge.template import Wishes, create
    from heldout.datasets.digits import write_digits
    from heldout.datasets.tasks import find_task

    wishes = Wishes(
        title="Handwritten digits",
        summary="Which digit is it? 1,797 images of 8 x 8 pixels.",
        license="CC-BY-4.0",
        organisers=(ORGANISER,),
        subgroups=(("ink",), ("slant",), ("ink", "slant")),
        pages=PAGES,
    )
    recipe = Recipe(task=find_task("image-classification"), seed=SEED)
    with tempfile.TemporaryDirectory() as images:
        table = write_digits(Path(images))
        create(folder, source=table, recipe=recipe, wishes=wishes, now=now)
    with (folder / "challenge.toml").open("a", encoding="utf-8") as file:
        file.write(BASELINES)
    return len(table)


def make_homes(folder: Path, now: datetime) -> int:
    from heldout.challenge.recipe import Recipe
    from heldout.challenge.template import Wishes, create
    from heldout.datasets.homes import LICENCE, THINGS, write_homes
    from heldout.datasets.tasks import find_task

    wishes = Wishes(
        title="Things at home",
        summary="Which household thing is it? Drawn pictures with planted faults to find.",
        license=LICENCE,
        organisers=(ORGANISER,),
        metrics=("accuracy",),
        subgroups=(("income_band",),),
        along=("income",),
        cluster="home",
        pages=HOMES_PAGES,
    )
    recipe = Recipe(
        task=find_task("image-classification"),
        classes=tuple(THINGS),
        seed=SEED,
        public=HOMES_COLUMNS,
    )
    with tempfile.TemporaryDirectory() as images:
        tables = write_homes(Path(images), seed=HOMES_SEED)
        manifest = create(folder, source=tables, recipe=recipe, wishes=wishes, now=now)
    return sum(manifest.examples.values())


def _publish(source: Challenge, now: datetime) -> Published:
    from heldout.site.challenges.models import Challenge as Published
    from heldout.site.challenges.services import publish

    published = Published.objects.filter(slug=source.definition.challenge.id).first()
    return published or publish(source=source.root, by=None, now=now)


def _enter_baselines(source: Challenge, published: Published, *, only: Sequence[str] = ()) -> None:
    """Have every baseline that has not submitted yet train, submit and be scored."""
    from heldout.baselines.entrants import entrants_for, fit
    from heldout.baselines.features import read_features
    from heldout.site.worker import drain

    splits = {phase.id: phase.split for phase in source.definition.phases}
    missing = [
        entrant for entrant in entrants_for(source.task)
        if entrant.id in (only or [entrant.id])
        and len(_submitted(published, entrant.id)) < len(splits)
    ]  # fmt: skip
    if missing:
        features = read_features(
            source.data,
            task=source.task,
            classes=source.definition.challenge.classes,
            splits=splits.values(),
        )
        with progress() as bar:
            for entrant in bar.track(missing, description="training baselines"):
                fitted = fit(entrant.id, features, seed=SEED)
                _submit(published, fitted, splits)
        say(f"trained and submitted {len(missing)} baselines of {source.definition.challenge.id}")
    drain()


def _submitted(published: Published, entrant: str) -> list[str]:
    from heldout.site.submissions.models import Submission

    keys = Submission.objects.filter(phase__challenge=published, idempotency_key=_key(entrant))
    return list(keys.values_list("phase__key", flat=True))


def _key(entrant: str) -> str:
    return f"demo-{entrant}"


def _submit(published: Published, fitted: Fitted, splits: dict[str, str]) -> None:
    from django.utils import timezone

    from heldout.site.challenges import services
    from heldout.site.submissions.services import submit

    account = _account(fitted)
    services.accept_terms(
        challenge=published,
        user=account,
        terms_digest=published.revision.terms_digest,
        now=timezone.now(),
    )
    entrant = services.join(challenge=published, user=account, now=timezone.now())
    organiser = published.organisers.get(user__email=ORGANISER).user
    services.mark_baseline(entrant=entrant, by=organiser, now=timezone.now())
    done = _submitted(published, fitted.entrant.id)
    for phase in published.phases.exclude(key__in=done):
        submit(
            phase=phase,
            entrant=entrant,
            by=account,
            upload=_as_csv(fitted, splits[phase.key]),
            filename=f"{fitted.entrant.id}.csv",
            note=f"{fitted.entrant.title}, trained on the training split by heldout demo",
            idempotency_key=_key(fitted.entrant.id),
            now=timezone.now(),
        )


def _account(fitted: Fitted) -> User:
    """Return the baseline's own account, which nobody can sign in to."""
    from heldout.site.accounts.models import User
    from heldout.site.accounts.services import create_user

    handle = f"baseline-{fitted.entrant.id}"
    existing = User.objects.filter(handle=handle).first()
    return existing or create_user(
        email=f"{handle}@demo.invalid",
        handle=handle,
        name=f"{fitted.entrant.title} (a baseline, not a person)",
    )


def _as_csv(fitted: Fitted, split: str) -> io.BytesIO:
    return io.BytesIO(fitted.predict(split).write_csv().encode())
