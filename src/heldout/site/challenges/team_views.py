"""The pages of a team: form it, invite, join, leave, lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.challenges import mail, teams
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.forms import (
    OfferMailForm,
    OfferMergerForm,
    OfferPersonForm,
    TeamNameForm,
)
from heldout.site.challenges.frames import crumbs, frame
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.models import Challenge, Entrant, Member, OfferState, TeamOffer

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@never_cache
@get_or_post
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """One's team, or the way to one; the button says which of the forms is meant."""
    challenge, user = find_challenge(slug, request.user), cast(User, request.user)
    own, meant, link = entrant_of(challenge, user), request.POST.get("form", ""), ""
    shown = _forms(request, own, meant)
    if meant in shown and shown[meant].is_valid():
        try:
            link = _act(request, meant, challenge, own, shown[meant].cleaned_data)
        except BadInput as error:
            for problem in error.problems:
                shown[meant].add_error(None, f"{problem.message}; {problem.remedy}".strip("; "))
        else:
            if not link:
                return redirect("challenges:team", slug)
            shown = _forms(request, own, "")
    context = _context(request, challenge, own) | {"forms": shown, "link": link}
    failed = meant in shown and bool(shown[meant].errors)
    return render(request, "challenges/team.html", context, status=422 if failed else 200)


def _forms(request: HttpRequest, own: Entrant | None, meant: str) -> dict[str, forms.Form]:
    kinds: dict[str, type[forms.Form]] = {
        "name": TeamNameForm,
        "person": OfferPersonForm,
        "mail": OfferMailForm,
        "merge": OfferMergerForm,
    }
    name = own.name if own is not None and not own.personal else ""
    return {
        key: kind(
            request.POST if key == meant else None,
            initial={"name": name} if key == "name" else None,
            prefix=key,
        )
        for key, kind in kinds.items()
    }


def _context(request: HttpRequest, challenge: Challenge, own: Entrant | None) -> dict[str, Any]:
    user, now = cast(User, request.user), timezone.now()
    context = frame(request, challenge, "team") | {
        "over": teams.is_over(challenge, now),
        "may_merge": teams.may_merge(challenge, now),
        "may_join": own is not None or user.has_perm("challenges.join", challenge),
        "offers": teams.offers_to(challenge, user),
        "own": own,
        "tab_title": "Team",
        "crumbs": crumbs(challenge, ("Team", "")),
    }
    if own is None or own.personal:
        return context
    return context | {
        "leads": user.has_perm("challenges.lead_team", own),
        "members": own.members.select_related("user").order_by("joined_at", "pk"),
        "open_offers": own.offers.filter(state=OfferState.OPEN).select_related("user", "other"),
        "places": challenge.largest_team - own.members.count(),
    }


def _act(
    request: HttpRequest,
    meant: str,
    challenge: Challenge,
    own: Entrant | None,
    given: dict[str, Any],
) -> str:
    """Do what the form asks for; returns the link to show, if it made one."""
    by, now = cast(User, request.user), timezone.now()
    if meant == "name" and (own is None or own.personal):
        formed = teams.form_team(challenge=challenge, name=given["name"], by=by, now=now)
        messages.success(request, f"The team {formed} is formed; you are its captain.")
        return ""
    if own is None:
        raise Http404("no team")
    if meant == "name":
        teams.rename_team(entrant=own, name=given["name"], by=by, now=now)
        messages.success(request, "The name is saved.")
    elif meant == "person":
        offer = teams.offer_person(entrant=own, handle=given["handle"], by=by, now=now)
        messages.success(request, f"{offer.user} finds the invitation on their Team page.")
    elif meant == "merge":
        offer = teams.offer_merger(entrant=own, other=given["team"], by=by, now=now)
        messages.success(request, f"The captain of {offer.other} is asked.")
    else:
        return _offer_link(request, own, given["email"])
    return ""


def _offer_link(request: HttpRequest, own: Entrant, email: str) -> str:
    by = cast(User, request.user)
    _, secret = teams.offer_link(entrant=own, by=by, now=timezone.now(), email=email)
    path = reverse("challenges:team-join", args=[own.challenge.slug, secret])
    if email and send_offer(own, by, email, path):
        messages.success(request, f"The invitation is mailed to {email}.")
        return ""
    if email:
        messages.error(request, "The mail could not be sent. Pass the link on yourself.")
    return request.build_absolute_uri(path)


def send_offer(team: Entrant, by: User, email: str, path: str) -> bool:
    return mail.try_to_send(
        to=email,
        subject=f"{by} invites you to the team {team}",
        page="offer",
        challenge=team.challenge,
        by=by,
        team=team,
        address=mail.absolute(path),
    )


@login_required
@never_cache
@get_or_post
def join(request: HttpRequest, slug: str, secret: str) -> HttpResponse:
    """Ask first: programs that look into mails open links too."""
    challenge = find_challenge(slug, request.user)
    offer = teams.offer_of_link(secret)
    if offer is None or offer.entrant.challenge_id != challenge.pk:
        context = _small(request, challenge, "Invitation") | {"offer": None}
        return render(request, "challenges/team_join.html", context, status=404)
    if request.method == "POST":
        return _answered(request, offer)
    context = _small(request, challenge, "Invitation") | {"offer": offer}
    return render(request, "challenges/team_join.html", context)


@login_required
@require_http_methods(["POST"])
def answer(request: HttpRequest, slug: str, offer_id: int) -> HttpResponse:
    """Accept or decline what was offered to oneself, or withdraw what one's own team offered."""
    challenge, user = find_challenge(slug, request.user), cast(User, request.user)
    offer = find_offer(challenge, user, offer_id)
    return _answered(request, offer)


def find_offer(challenge: Challenge, user: User, offer_id: int) -> TeamOffer:
    """An offer that this person may answer or withdraw; others are not there."""
    offer = teams.offers_to(challenge, user).filter(pk=offer_id).first()
    if offer is not None:
        return offer
    offer = get_object_or_404(
        TeamOffer.objects.select_related("entrant__challenge__current"),
        pk=offer_id,
        entrant__challenge=challenge,
    )
    if not user.has_perm("challenges.lead_team", offer.entrant):
        raise Http404("There is no such invitation.")
    return offer


def _answered(request: HttpRequest, offer: TeamOffer) -> HttpResponse:
    by, now, team = cast(User, request.user), timezone.now(), offer.entrant
    verbs: dict[str, tuple[Callable[..., object], str]] = {
        "accept": (teams.accept_offer, f"You are in the team {team}."),
        "decline": (teams.decline_offer, f"You declined the invitation of {team}."),
        "withdraw": (teams.withdraw_offer, "The invitation is withdrawn."),
    }
    verb, words = verbs.get(request.POST.get("answer", ""), (None, ""))
    if verb is None:
        raise Http404("no such answer")
    try:
        verb(offer=offer, by=by, now=now)
    except BadInput as error:
        messages.error(request, f"{capfirst('; '.join(one.message for one in error.problems))}.")
    else:
        messages.success(request, words)
    return redirect("challenges:team", team.challenge.slug)


def _small(request: HttpRequest, challenge: Challenge, name: str) -> dict[str, Any]:
    back = reverse("challenges:team", args=[challenge.slug])
    trail = crumbs(challenge, ("Team", back), (name, ""))
    return frame(request, challenge, "team") | {"crumbs": trail, "tab_title": name, "back": back}


@login_required
@get_or_post
def leave(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    challenge, member = _member(request, slug, member_id)
    itself = member.user_id == request.user.pk
    name = "Leave the team" if itself else f"Take {member.user} off the team"
    consequence = (
        "Submissions stay with the team. What you used of the limits stays counted for you."
        if itself
        else "They lose access to the team's submissions. What they handed in stays with the team."
    )
    context = _small(request, challenge, name) | {
        "consequence": consequence,
        "verb": "Leave" if itself else "Take off",
    }
    whose = "You are" if itself else f"{member.user} is"
    words = f"{whose} no longer in the team {member.entrant}."
    return _confirmed(request, member, context, teams.leave_team, words)


@login_required
@get_or_post
def lead(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    challenge, member = _member(request, slug, member_id)
    context = _small(request, challenge, f"Make {member.user} captain") | {
        "consequence": "Only the captain invites, takes people off, renames and merges.",
        "verb": "Hand over",
    }
    words = f"{member.user} is captain of {member.entrant} now."
    return _confirmed(request, member, context, teams.hand_over, words)


def _member(request: HttpRequest, slug: str, member_id: int) -> tuple[Challenge, Member]:
    """A member of one's own team; nobody else's is there."""
    challenge = find_challenge(slug, request.user)
    found = challenge.members.select_related("entrant__challenge__current", "user")
    member = found.filter(pk=member_id, entrant__personal=False).first()
    if member is None or not request.user.has_perm("challenges.view_team", member.entrant):
        raise Http404("There is no such member.")
    return challenge, member


def _confirmed(
    request: HttpRequest,
    member: Member,
    context: dict[str, Any],
    verb: Callable[..., object],
    words: str,
) -> HttpResponse:
    if request.method != "POST":
        return render(request, "challenges/team_confirm.html", context)
    try:
        verb(member=member, by=cast(User, request.user), now=timezone.now())
    except BadInput as error:
        messages.error(request, capfirst(str(error)))
    else:
        messages.success(request, words)
    return redirect("challenges:team", member.challenge.slug)
