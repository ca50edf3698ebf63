"""Announcements and winners: their pages, their feeds, and where organisers write them."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.accounts.services import reader_of_feed
from heldout.site.challenges import news, winners
from heldout.site.challenges.access import Viewer, entrant_of
from heldout.site.challenges.forms import AnnouncementForm, WinnersForm
from heldout.site.challenges.frames import crumbs, frame
from heldout.site.challenges.lookup import find_challenge
from heldout.site.challenges.models import Announcement
from heldout.site.challenges.organising import organised, organising_frame
from heldout.site.common.context import site

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
ATOM = "application/atom+xml; charset=utf-8"


@require_safe
def listing(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, request.user)
    own = entrant_of(challenge, request.user)
    member = own.members.get(user=cast(User, request.user)) if own else None
    context = frame(request, challenge, "news") | {
        "announcements": challenge.announcements.all(),
        "member": member,
        "may_edit": request.user.has_perm("challenges.edit", challenge),
    }
    return render(request, "challenges/news.html", context)


@login_required
@require_POST
def want_mail(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = find_challenge(slug, request.user), cast(User, request.user)
    wanted = request.POST.get("mail") == "yes"
    news.want_mail(challenge=challenge, user=user, wanted=wanted)
    messages.success(request, f"You get {'' if wanted else 'no more '}mail of this challenge.")
    return redirect("challenges:news", slug)


def _reader(request: HttpRequest) -> Viewer:
    """Whose feed it is: programs have no session, but may have a token that opens feeds alone."""
    secret = request.GET.get("token")
    if secret is None:
        return request.user
    found = reader_of_feed(secret, now=timezone.now())
    if found is None:
        raise PermissionDenied("This token opens no feed: it is unknown, revoked or too old.")
    return found


@require_safe
@cache_control(private=True)
def feed(request: HttpRequest, slug: str) -> HttpResponse:
    challenge = find_challenge(slug, _reader(request))
    text = news.feed(
        challenge.announcements.select_related("challenge")[: news.IN_FEED],
        title=challenge.title,
        page=reverse("challenges:news", args=[slug]),
        own=reverse("challenges:news-feed", args=[slug]),
        since=challenge.published_at,
    )
    return HttpResponse(text, content_type=ATOM)


@require_safe
@cache_control(private=True)
def site_feed(request: HttpRequest) -> HttpResponse:
    """The announcements of every challenge the reader may see."""
    found = news.announcements_for(_reader(request))[: news.IN_FEED]
    text = news.feed(
        found,
        title=str(site(request)["site_name"]),
        page=reverse("challenges:list"),
        own=reverse("challenges:site-feed"),
        since=news.BEGINNING,
    )
    return HttpResponse(text, content_type=ATOM)


@login_required
@get_or_post
def write(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.edit")
    form = AnnouncementForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = news.announce(
                challenge=challenge, by=user, now=timezone.now(), **form.cleaned_data
            )
        except BadInput as error:
            for problem in error.problems:
                form.add_error(problem.place, problem.message)
        else:
            sent = " and is on its way by mail" if made.mailed else ""
            messages.success(request, f"“{made.title}” is announced{sent}.")
            return redirect("challenges:news", slug)
    context = organising_frame(request, challenge, "news", "Announcements") | {
        "form": form,
        "announcements": challenge.announcements.select_related("by"),
        "readers": len(news.recipients(challenge)),
    }
    return render(
        request, "challenges/write_news.html", context, status=422 if form.errors else 200
    )


@login_required
@get_or_post
def retract(request: HttpRequest, slug: str, announcement_id: int) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.edit")
    found = get_object_or_404(Announcement, pk=announcement_id, challenge=challenge)
    if request.method == "POST":
        news.retract(announcement=found, by=user, now=timezone.now())
        messages.success(request, f"“{found.title}” is retracted.")
        return redirect("challenges:write-news", slug)
    context = organising_frame(request, challenge, "news", "Retract an announcement")
    return render(request, "challenges/retract.html", context | {"announcement": found})


@require_safe
def winners_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Names nobody before it is published; the organisers look at it before."""
    challenge = find_challenge(slug, request.user)
    shown = challenge.winners_at is not None
    may_edit = request.user.has_perm("challenges.edit", challenge)
    awards = challenge.awards.select_related("entrant").prefetch_related("entrant__members__user")
    context = frame(request, challenge, "winners") | {
        "awards": awards if shown or may_edit else awards.none(),
        "text": challenge.winners_text if shown or may_edit else "",
        "may_edit": may_edit,
        "closes": winners.last_close(challenge),
        "over": winners.is_over(challenge, timezone.now()),
        "tab_title": "Winners",
        "crumbs": crumbs(challenge, ("Winners", "")),
    }
    return render(request, "challenges/winners.html", context)


@login_required
@get_or_post
def name_winners(request: HttpRequest, slug: str) -> HttpResponse:
    """The button says whether to save, to publish too, or to hide again."""
    challenge, user = organised(request, slug, "challenges.edit")
    form = WinnersForm(request.POST if request.method == "POST" else None, challenge=challenge)
    if form.is_valid():
        now, wish = timezone.now(), request.POST.get("wish", "save")
        try:
            winners.set_winners(
                challenge=challenge,
                winners=form.winners(),
                text=form.cleaned_data["text"],
                by=user,
                now=now,
            )
            if wish == "publish":
                winners.publish_winners(challenge=challenge, by=user, now=now)
            elif wish == "hide":
                winners.hide_winners(challenge=challenge, by=user, now=now)
        except BadInput as error:
            for problem in error.problems:
                form.add_error(None, f"{problem.message}; {problem.remedy}".strip("; "))
        else:
            done = {"publish": "published", "hide": "hidden again"}.get(wish, "saved")
            messages.success(request, f"The winners are {done}.")
            return redirect("challenges:name-winners", slug)
    context = organising_frame(request, challenge, "winners", "Winners") | {
        "form": form,
        "closes": winners.last_close(challenge),
        "over": winners.is_over(challenge, timezone.now()),
        "named": challenge.awards.count(),
    }
    return render(
        request, "challenges/name_winners.html", context, status=422 if form.errors else 200
    )
