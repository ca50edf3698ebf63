"""A site's data folder on this machine, used without its web server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from heldout.errors import BadInput, MissingExtra, Problem, did_you_mean

if TYPE_CHECKING:
    from heldout.site.challenges.models import Challenge, Phase


def open_site(folder: Path, *, make: bool = False) -> None:
    """Make Django use a site's data folder, its database brought up to date.

    Args:
        folder: The site's data folder.
        make: Make a new site if the folder is not there or empty.

    Raises:
        BadInput: The folder is something else.
        MissingExtra: The site's packages are not installed.
    """
    refuse_other_folder(folder, make=make)
    try:
        from heldout.site.setup import prepare
    except ImportError:
        raise MissingExtra(feature="a site", extra="site") from None
    prepare(folder)


def configure_site(folder: Path, *, make: bool = False) -> None:
    """Make Django use a site's data folder, its database left as it is.

    Args:
        folder: The site's data folder.
        make: Make a new folder if it is not there or empty.

    Raises:
        BadInput: There is no site.
        MissingExtra: The site's packages are not installed.
    """
    refuse_other_folder(folder, make=make)
    try:
        from heldout.site.setup import configure
    except ImportError:
        raise MissingExtra(feature="a site", extra="site") from None
    configure(folder)


def refuse_other_folder(folder: Path, *, make: bool) -> None:
    """Refuse a folder that is no site and cannot become one.

    Raises:
        BadInput: It is a challenge, holds a site or other files, or is not there.
    """
    if (folder / "secret").is_file():
        return
    if (folder / "challenge.toml").exists():
        remedy = "name the folder that heldout serve uses"
        raise BadInput([Problem(str(folder), "is a challenge, not a site's data folder", remedy)])
    if (folder / "site/secret").is_file():
        remedy = f"name {folder / 'site'}"
        raise BadInput([Problem(str(folder), "holds a site's data folder, and is none", remedy)])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput([Problem(str(folder), "is not a site's data folder", "name a new folder")])
    if not make:
        raise BadInput([Problem(str(folder), "there is no site here", "heldout serve makes one")])


def find_challenge(challenge_id: str) -> Challenge:
    """Return a published challenge of the opened site.

    Raises:
        BadInput: There is none with this id.
    """
    from heldout.site.challenges.models import Challenge

    found = Challenge.objects.filter(slug=challenge_id).first()
    if found is None:
        known = list(Challenge.objects.values_list("slug", flat=True))
        remedy = did_you_mean(challenge_id, known) or f"there are {', '.join(known) or 'none'}"
        raise BadInput([Problem(challenge_id, "there is no such challenge", remedy)])
    return found


def find_phase(challenge: Challenge, phase: str | None) -> Phase:
    """Return a phase by its id, or the last one that has opened.

    Raises:
        BadInput: There is no such phase.
    """
    from django.utils import timezone

    from heldout.site.challenges.models import Phase

    phases = list(Phase.objects.filter(challenge=challenge, retired=False))
    ids = [one.key for one in phases]
    if phase is not None and phase not in ids:
        remedy = did_you_mean(phase, ids) or f"the phases are {', '.join(ids)}"
        raise BadInput([Problem("--phase", f'there is no phase "{phase}"', remedy)])
    if phase is not None:
        return phases[ids.index(phase)]
    now = timezone.now()
    return ([one for one in phases if one.opens <= now] or phases)[-1]
