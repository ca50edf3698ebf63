"""Who is told what, and how a message is signed."""

import hmac
import re
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.utils import timezone

from heldout.site.challenges.models import Organiser, Phase, Role
from heldout.site.challenges.teams import leave_team
from heldout.site.common.models import Job
from heldout.site.submissions import tasks
from heldout.site.submissions.models import Status
from heldout.site.submissions.services import withdraw
from heldout.site.webhooks.models import Delivery
from heldout.site.worker import drain

HOWTO = Path("docs/how-to/webhooks.md")


def told(receiver):
    return [(one.json["data"]["entrant"], one.json["data"]["status"]) for one in receiver.messages]


def test_a_scored_submission_is_told_to_its_maker(add, receiver, participant, scored):
    add(participant)
    submission = scored(participant)
    (message,) = receiver.messages
    assert message.path == "/hook?from=heldout"
    assert message.headers["Host"] == receiver.host
    assert message.headers["Content-Type"] == "application/json"
    assert message.json["type"] == "submission.finished"
    assert message.json["data"] == {
        "submission": submission.pk,
        "challenge": "cats",
        "phase": "dev",
        "entrant": "participant",
        "status": "scored",
        "url": f"http://127.0.0.1:8000/api/v1/submissions/{submission.pk}",
    }


def test_in_a_freeze_others_are_told_nothing_and_nobody_a_score(
    add, receiver, participant, rival, phase, scored
):
    now = timezone.now()
    Phase.objects.filter(pk=phase.pk).update(freezes=now - timedelta(hours=1))
    mine, others = add(participant), add(rival)
    late = scored(rival, 59, phase=Phase.objects.get(pk=phase.pk), now=now)
    assert late.evaluation.scores.get(name="accuracy").value > 0.98
    assert not Delivery.objects.filter(endpoint=mine).exists()
    assert Delivery.objects.filter(endpoint=others).count() == 1
    (message,) = receiver.messages
    assert message.json["data"]["entrant"] == "rival"
    sent = message.body.decode() + str(Delivery.objects.get().__dict__)
    assert not re.search(r"0\.98|98\.3", sent)


def test_a_refused_submission_is_told_too(add, receiver, participant, scored):
    add(participant)
    scored(participant, content=b"example_id,prediction\ne000,cat\n")
    assert told(receiver) == [("participant", "refused")]


def test_a_submission_that_could_not_be_scored_is_told_too(
    add, receiver, participant, scored, monkeypatch
):
    def broken(*given):
        raise tasks.Hopeless("the scorer broke")

    add(participant)
    monkeypatch.setattr(tasks, "_evaluate", broken)
    scored(participant)
    assert told(receiver) == [("participant", "failed")]


def test_what_its_maker_withdrew_is_not_told(add, receiver, participant, hand_in):
    add(participant)
    submission = hand_in(participant)
    submission.status = Status.RUNNING
    submission.save()
    withdraw(submission=submission, by=participant, now=timezone.now())
    drain()
    assert receiver.messages == []


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.CO_ORGANISER, Role.REVIEWER])
def test_those_who_see_all_submissions_of_a_challenge_are_told_of_all(
    role, add, receiver, challenge, outsider, participant, rival, scored
):
    Organiser.objects.create(challenge=challenge, user=outsider, role=role)
    add(outsider, challenge=challenge)
    scored(participant)
    scored(rival)
    assert told(receiver) == [("participant", "scored"), ("rival", "scored")]


def test_nobody_is_told_of_others_submissions(add, receiver, participant, rival, scored):
    add(rival)
    scored(participant)
    assert receiver.messages == []


def test_who_lost_a_role_is_told_nothing_more(
    add, receiver, challenge, organiser, outsider, participant, scored
):
    row = Organiser.objects.create(challenge=challenge, user=outsider, role=Role.REVIEWER)
    add(outsider, challenge=challenge)
    Organiser.objects.filter(pk=row.pk).update(role=Role.ANNOTATOR)
    scored(participant)
    row.delete()
    scored(participant)
    assert receiver.messages == []


def test_who_left_a_team_is_told_nothing_more(add, receiver, participant, rival, scored):
    mine, theirs = (one.memberships.get() for one in (participant, rival))
    type(mine.entrant).objects.filter(pk=mine.entrant_id).update(personal=False)
    type(theirs).objects.filter(pk=theirs.pk).update(entrant=mine.entrant_id, rank="member")
    add(rival)
    scored(participant)
    theirs.refresh_from_db()
    leave_team(member=theirs, by=rival, now=timezone.now())
    scored(participant)
    assert told(receiver) == [("participant", "scored")]


@pytest.mark.parametrize("key", ["dev", "plain", "silent"])
def test_no_message_holds_a_score(key, add, receiver, challenge, participant, scored, organiser):
    """Whatever a phase reveals, delays, freezes or guards: a message has nothing of it."""
    add(participant)
    add(organiser, challenge=challenge)
    submission = scored(participant, 37, phase=challenge.phases.get(key=key))
    value = submission.evaluation.scores.get(metric="accuracy").value
    assert value == pytest.approx(37 / 60)
    assert len(receiver.messages) == 2
    allowed = {"submission", "challenge", "phase", "entrant", "status", "url"}
    for message in receiver.messages:
        assert message.json.keys() == {"type", "timestamp", "data"}
        assert message.json["data"].keys() == allowed
        assert f"{value:.3}".encode() not in message.body


def test_a_message_is_written_in_the_transaction_of_its_outcome(add, participant, hand_in):
    add(participant)
    submission = hand_in(participant)
    job = Job.objects.get(kind="evaluate")
    Job.objects.filter(pk=job.pk).update(state="running", owner="another")
    job.owner = "silent"
    with pytest.raises(tasks.jobs.LeaseLost):
        tasks.evaluate_submission(job, timezone.now)
    submission.refresh_from_db()
    assert submission.status == Status.RUNNING
    assert not Delivery.objects.exists()


def independent_signature(message, secret: str) -> str:
    """As the convention is written down: HMAC-SHA256 of id, time and body, under the decoded key."""
    covered = b".".join(
        [
            message.headers["webhook-id"].encode(),
            message.headers["webhook-timestamp"].encode(),
            message.body,
        ]
    )
    key = b64decode(secret.split("_", 1)[1])
    return "v1," + b64encode(hmac.new(key, covered, sha256).digest()).decode()


def test_a_message_is_signed_with_its_time(add, receiver, participant, scored):
    secret = add(participant).plain
    began = timezone.now().timestamp()
    scored(participant)
    (message,) = receiver.messages
    assert message.headers["webhook-signature"] == independent_signature(message, secret)
    assert abs(int(message.headers["webhook-timestamp"]) - began) < 120
    assert re.fullmatch(r"msg_[0-9a-f]{16}", message.headers["webhook-id"])


def test_the_guides_receiver_takes_true_messages_and_no_others(
    add, receiver, participant, scored, root
):
    """The Python of the guide is run as it stands there."""
    code = re.search(r"```python\n(.*?)```", (root / HOWTO).read_text(), re.DOTALL)[1]
    guide = {}
    exec(code, guide)
    secret = add(participant).plain
    scored(participant)
    (message,) = receiver.messages
    now = int(message.headers["webhook-timestamp"])
    verify = guide["verify"]
    assert verify(secret, message.headers, message.body, now=now) == message.json
    other = "whsec_" + b64encode(bytes(32)).decode()
    forged = message.body.replace(b"scored", b"failed")
    for wrong in (
        (other, message.body, now),
        (secret, forged, now),
        (secret, message.body, now + 301),
    ):
        with pytest.raises(ValueError, match="message"):
            verify(wrong[0], message.headers, wrong[1], now=wrong[2])


def test_the_database_does_not_tell_the_secret(add, participant):
    endpoint = add(participant)
    endpoint.refresh_from_db()
    assert endpoint.plain.removeprefix("whsec_") not in endpoint.secret
