from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q

from heldout.site.catalog.models import DataRevision, DataSet


class Visibility(models.TextChoices):
    PUBLIC = "public", "Everybody sees it and may take part"
    INVITED = "invited", "Only invited people see it and may take part"
    PRIVATE = "private", "Only its organisers see it"


class Audience(models.TextChoices):
    """Who sees a phase's leaderboard."""

    PUBLIC = "public", "Everybody"
    PARTICIPANTS = "participants", "Participants"
    ORGANISERS = "organisers", "Organisers"


class Reveal(models.TextChoices):
    """What a phase shows of a result to those who are not its organisers."""

    SCORE = "score", "Scores"
    INTERVAL = "interval", "Confidence intervals"
    SUBGROUPS = "subgroups", "Scores of subgroups"
    PER_CLASS = "per-class", "Scores of each class"
    CONFUSION = "confusion", "Which class is taken for which"
    CURVES = "curves", "Curves"


class Challenge(models.Model):
    """A published challenge. What it shows comes from its current revision."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=500, blank=True, default="")
    task = models.CharField(max_length=60)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    timezone = models.CharField(max_length=60, default="UTC")
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT, related_name="+")
    current = models.ForeignKey("Revision", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField()
    # The winners' page: what the organisers say on it, and since when everybody sees it.
    winners_text = models.TextField(blank=True, default="")
    winners_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def revision(self) -> Revision:
        assert self.current is not None
        return self.current

    @property
    def largest_team(self) -> int:
        return int(self.revision.definition["teams"]["largest"])

    @property
    def prizes(self) -> list[dict[str, Any]]:
        """`place`, `amount` and `sponsor` of each, in the order of the definition."""
        return list(self.revision.definition.get("prizes", []))

    @property
    def forum(self) -> str:
        """Where people talk about it elsewhere; empty: nowhere."""
        return str(self.revision.definition["challenge"].get("forum", ""))

    @property
    def merge_until(self) -> datetime | None:
        """Until when entrants that have submitted may become one; None: never."""
        until = self.revision.definition["teams"]["merge_until"]
        return datetime.fromisoformat(until) if until else None


class Revision(models.Model):
    """One publication of a challenge: its definition, its pages and where its answers lie."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    definition = models.JSONField()
    overview = models.TextField(blank=True, default="")
    terms = models.TextField(blank=True, default="")
    terms_digest = models.CharField(max_length=64, blank=True, default="")
    datasheet = models.TextField(blank=True, default="")
    data = models.ForeignKey(DataRevision, on_delete=models.PROTECT, related_name="+")
    # Relative to the site's answers, which are never served.
    folder = models.CharField(max_length=200, unique=True)
    # What the check found worth knowing, as in its report; for organisers.
    notes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["challenge", "number"], name="one_revision_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.challenge_id}@{self.number}"


class PhaseStatus(models.TextChoices):
    UPCOMING = "upcoming", "Not open yet"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Phase(models.Model):
    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="phases")
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=120, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    split = models.CharField(max_length=80)
    opens = models.DateTimeField()
    closes = models.DateTimeField()
    freezes = models.DateTimeField(null=True, blank=True)
    per_day = models.PositiveIntegerField(null=True, blank=True)
    per_week = models.PositiveIntegerField(null=True, blank=True)
    in_total = models.PositiveIntegerField(null=True, blank=True)
    leaderboard = models.CharField(max_length=12, choices=Audience, default=Audience.PUBLIC)
    reveal = models.JSONField(default=list)
    # Which of an entrant's submissions stands on the leaderboard: best | latest | chosen:N
    final = models.CharField(max_length=20, default="best")
    # A phase a new revision no longer has keeps its submissions and takes no more.
    retired = models.BooleanField(default=False)
    # Raised whenever something on the leaderboard may have changed.
    board_version = models.PositiveBigIntegerField(default=0)
    # Ranges of ranks that take long to compute rest in between.
    board_not_before = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["challenge", "key"], name="one_phase_per_key"),
            models.CheckConstraint(
                condition=Q(closes__gt=models.F("opens")), name="phase_closes_after_it_opens"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.key

    def status(self, now: datetime) -> PhaseStatus:
        if now < self.opens:
            return PhaseStatus.UPCOMING
        return PhaseStatus.OPEN if now <= self.closes and not self.retired else PhaseStatus.CLOSED

    def reveals(self, what: Reveal) -> bool:
        return what.value in self.reveal

    @property
    def reveal_words(self) -> str:
        return ", ".join(one.label for one in Reveal if self.reveals(one)).lower()


class Role(models.TextChoices):
    ORGANISER = "organiser", "Organiser"
    CO_ORGANISER = "co-organiser", "Co-organiser"
    REVIEWER = "reviewer", "Reviewer"
    ANNOTATOR = "annotator", "Annotator"


class Organiser(models.Model):
    """A person who runs a challenge, and in which role."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="organisers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="organises"
    )
    role = models.CharField(max_length=14, choices=Role, default=Role.ORGANISER)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["challenge", "user"], name="one_role_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.challenge_id}"


class Invitation(models.Model):
    """An e-mail address whose owner may see a challenge by invitation, and take part."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "challenge", models.functions.Lower("email"), name="one_invitation_per_email"
            )
        ]

    def __str__(self) -> str:
        return self.email


class Entrant(models.Model):
    """Who is ranked: one person, or a team."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="entrants")
    name = models.CharField(max_length=80)
    personal = models.BooleanField(default=True)
    # The organisers' own, shown for comparison and marked as such.
    baseline = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "challenge", models.functions.Lower("name"), name="one_entrant_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Rank(models.TextChoices):
    """What a member may do for the team: a captain invites, removes, renames and merges."""

    CAPTAIN = "captain", "Captain"
    MEMBER = "member", "Member"


class Member(models.Model):
    """A person's place in an entrant. `challenge` repeats the entrant's, so that a person has one."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="members")
    entrant = models.ForeignKey(Entrant, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    # Who enters alone is captain of themselves.
    rank = models.CharField(max_length=8, choices=Rank, default=Rank.CAPTAIN)
    joined_at = models.DateTimeField()
    wants_mail = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["challenge", "user"], name="one_entrant_per_person"),
            models.UniqueConstraint(
                fields=["entrant"], condition=Q(rank="captain"), name="one_captain_per_entrant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.entrant_id}"


class OfferState(models.TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class TeamOffer(models.Model):
    """A place in a team, offered once: to a person, to whoever holds a link, or to another entrant."""

    entrant = models.ForeignKey(Entrant, on_delete=models.CASCADE, related_name="offers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="team_offers"
    )
    # Whom the link was mailed to; whoever has the link may use it.
    email = models.EmailField(blank=True, default="")
    # The entrant that would become part of this one.
    other = models.ForeignKey(
        Entrant, on_delete=models.CASCADE, null=True, related_name="merge_offers"
    )
    # Only the hash of a link's secret is kept.
    digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=OfferState, default=OfferState.OPEN)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["entrant", "user"], condition=Q(state="open"), name="one_offer_per_person"
            ),
            models.UniqueConstraint(
                fields=["entrant", "other"], condition=Q(state="open"), name="one_offer_per_entrant"
            ),
        ]

    def __str__(self) -> str:
        return f"offer {self.pk} of {self.entrant_id} ({self.state})"


class TermsAcceptance(models.Model):
    """Which version of a challenge's terms a person accepted, and when."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="acceptances")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="accepted_terms"
    )
    terms_digest = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["challenge", "user", "terms_digest"], name="terms_accepted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} accepted {self.terms_digest[:12]}"


class Announcement(models.Model):
    """What the organisers tell everybody who may see the challenge."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="announcements")
    title = models.CharField(max_length=120)
    # Markdown.
    text = models.TextField(max_length=20_000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()
    mailed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-published_at", "-id"]

    def __str__(self) -> str:
        return self.title


class Award(models.Model):
    """Who won what. It keeps the prize's own words, which a later revision may change."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="awards")
    # Its place in the list of prizes.
    position = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()
    amount = models.CharField(max_length=200)
    sponsor = models.CharField(max_length=200, blank=True, default="")
    entrant = models.ForeignKey(Entrant, on_delete=models.PROTECT, related_name="awards")

    class Meta:
        ordering: ClassVar = ["place", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["challenge", "position"], name="one_winner_per_prize")
        ]

    def __str__(self) -> str:
        return f"place {self.place}: {self.entrant}"


class Disqualification(models.Model):
    """An entrant whom organisers took out of a phase's ranks; what they handed in stays."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="disqualifications")
    entrant = models.ForeignKey(Entrant, on_delete=models.CASCADE, related_name="disqualifications")
    # For the entrant and the organisers alone.
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["phase", "entrant"], name="disqualified_once_per_phase")
        ]

    def __str__(self) -> str:
        return f"{self.entrant} in {self.phase}"
