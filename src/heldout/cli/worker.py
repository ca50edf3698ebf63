"""`heldout worker`: one more process that scores submissions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Address, require_engine
from heldout.cli.output import say
from heldout.errors import BadInput, Problem


def worker(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
    engine: Annotated[
        str, typer.Option(help="Where jobs run: local, or ray for an existing Ray cluster.")
    ] = "local",
    address: Address = "auto",
    slots: Annotated[
        int | None,
        typer.Option(min=1, help="With ray: jobs at a time; by default one per processor."),
    ] = None,
) -> None:
    """Run one more worker of a site.

    Any number may run, on any number of machines that share the site's database and files. Stop with Ctrl-C: a job that has begun is finished first.
    """
    require_engine(engine)
    from heldout import conf
    from heldout.cli.local import configure_site

    # A further machine has nothing yet: its folder is a cache of the bucket.
    configure_site(folder, make=bool(conf.load(os.environ).database_url))
    from heldout.site.setup import pending_migrations
    from heldout.site.worker import own_name, run

    if pending := pending_migrations():
        message = f"the database lacks {len(pending)} changes that this version needs"
        remedy = "run heldout migrate, or start heldout serve first"
        raise BadInput([Problem(str(folder), message, remedy)])
    say(f"working for {folder} as {own_name()}; stop with Ctrl-C")
    if engine == "ray":
        from heldout.site import ray_engine

        ray_engine.run(folder.expanduser().absolute(), address=address, slots=slots)
    else:
        run(folder)
