"""Find things by the names in an address. What a viewer may not see is not there."""

from __future__ import annotations

from django.http import Http404

from heldout.site.catalog.models import DataFile
from heldout.site.challenges.access import Viewer
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.common.prepared import Given, Prepared

CHALLENGE = Prepared(
    lambda: Challenge.objects.select_related("current", "current__data").filter(slug=Given("slug"))
)
PHASES = Prepared(lambda: Phase.objects.filter(challenge=Given("challenge")))
PHASE = Prepared(
    lambda: Phase.objects.select_related("challenge__current").filter(
        challenge__slug=Given("slug"), key=Given("key")
    )
)


def find_challenge(slug: str, viewer: Viewer) -> Challenge:
    challenge = CHALLENGE.first(slug=slug)
    if challenge is None or not viewer.has_perm("challenges.view", challenge):
        raise Http404("There is no such challenge.")
    return challenge


def read_phases(challenge: Challenge) -> None:
    """Read the phases once for all who will ask the challenge for them."""
    found = challenge.phases.all()
    found._result_cache = PHASES.all(challenge=challenge.pk)
    for phase in found:
        phase.challenge = challenge
    # As `prefetch_related` leaves them, which composes its query anew every time.
    found._prefetch_done = True  # type: ignore[attr-defined]
    challenge._prefetched_objects_cache = {"phases": found}  # type: ignore[attr-defined]


def find_phase_of(slug: str, key: str, viewer: Viewer) -> Phase:
    """A phase by the names in its address, in one query."""
    phase = PHASE.first(slug=slug, key=key)
    if phase is None or not viewer.has_perm("challenges.view", phase.challenge):
        return find_phase(find_challenge(slug, viewer), key)
    return phase


def find_phase(challenge: Challenge, key: str) -> Phase:
    phase = challenge.phases.filter(key=key).first()
    if phase is None:
        raise Http404("The challenge has no such phase.")
    phase.challenge = challenge
    return phase


def find_file(challenge: Challenge, name: str) -> DataFile:
    file = challenge.revision.data.files.select_related("revision").filter(name=name).first()
    if file is None:
        raise Http404("The challenge has no such file.")
    return file
