"""Fill a data folder: `python seed.py FOLDER`. Runs in a process of its own, as the site does."""

import io
import sys
from pathlib import Path

from heldout.site.setup import prepare


def main(folder: Path) -> None:
    prepare(folder)
    import digits
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from heldout.site.accounts.models import User
    from heldout.site.accounts.services import create_user
    from heldout.site.challenges import services
    from heldout.site.challenges.models import Challenge
    from heldout.site.submissions import rejudging
    from heldout.site.submissions.services import submit
    from heldout.site.worker import drain

    def person(handle: str, **options: bool) -> User:
        return create_user(
            email=f"{handle}@example.org", handle=handle, password="long-enough-1", **options
        )

    def hand_in(challenge: Challenge, user: User, name: str, content: str, note: str = "") -> None:
        services.accept_terms(
            challenge=challenge,
            user=user,
            terms_digest=challenge.revision.terms_digest,
            now=timezone.now(),
        )
        submit(
            phase=challenge.phases.get(key="dev"),
            entrant=services.join(challenge=challenge, user=user, now=timezone.now()),
            by=user,
            upload=io.BytesIO(content.encode()),
            filename=name,
            note=note,
            now=timezone.now(),
        )

    organiser = person("organiser", may_organise=True)
    participant, rival, baseline = person("participant"), person("rival"), person("majority-class")
    person("outsider")
    keeper = person("keeper")
    EmailAddress.objects.filter(user=keeper).update(verified=True)
    challenge = services.publish(
        source=digits.build(folder / "source/digits", now=timezone.now()),
        by=organiser,
        now=timezone.now(),
    )
    hand_in(challenge, baseline, "majority.csv", digits.predictions("majority"))
    challenge.entrants.filter(name="majority-class").update(baseline=True)
    hand_in(challenge, rival, "nearest.csv", digits.predictions("nearest"))
    hand_in(challenge, participant, "far.csv", digits.predictions("neighbours"), "k = 25")
    hand_in(challenge, participant, "bad.csv", "example_id,prediction\nval-0000,eleven\nnone,1\n")
    hand_in(challenge, participant, "logistic.csv", digits.predictions("logistic"), "no scaling")
    drain()
    rejudging.start(challenge=challenge, by=organiser, reason="a wrong label", now=timezone.now())
    drain()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
