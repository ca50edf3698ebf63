from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge
from heldout.site.webhooks import services
from heldout.site.webhooks.forms import EndpointForm
from heldout.site.webhooks.models import Endpoint

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
SHOWN = 50


@login_required
@never_cache
@get_or_post
def listing(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    given = request.POST if request.method == "POST" else None
    about = Challenge.objects.filter(slug=request.GET.get("challenge", "")).first()
    form = EndpointForm(given, user=user, initial={"challenge": about})
    added, secret = None, ""
    if form.is_valid():
        try:
            added, secret = services.add_endpoint(
                owner=user, now=timezone.now(), **form.cleaned_data
            )
            form = EndpointForm(None, user=user)
        except BadInput as error:
            for problem in error.problems:
                form.add_error("url", f"It {problem.message}; {problem.remedy}".strip("; "))
    context = {
        "section": "account",
        "crumbs": _crumbs(),
        "form": form,
        "added": added,
        "secret": secret,
        "endpoints": services.endpoints(user),
    }
    return render(request, "webhooks/list.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def detail(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """What was sent to an endpoint, and what can be done about it."""
    endpoint = _find(request, endpoint_id)
    context = {
        "section": "account",
        "crumbs": _crumbs(endpoint),
        "endpoint": endpoint,
        "deliveries": endpoint.deliveries.all()[:SHOWN],
    }
    return render(request, "webhooks/detail.html", context)


@login_required
@require_POST
def ping(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    try:
        services.ping(endpoint=_find(request, endpoint_id), now=timezone.now())
        messages.success(request, "A test message is on its way.")
    except BadInput as error:
        messages.error(request, str(error))
    return redirect("webhooks:detail", endpoint_id)


@login_required
@require_POST
def switch(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    on = request.POST.get("on") == "1"
    endpoint, user = _find(request, endpoint_id), cast(User, request.user)
    services.switch(endpoint=endpoint, on=on, by=user, now=timezone.now())
    messages.success(request, "The webhook is on." if on else "The webhook is off.")
    return redirect("webhooks:detail", endpoint_id)


@login_required
@require_POST
def send_again(request: HttpRequest, endpoint_id: int, delivery_id: str) -> HttpResponse:
    found = _find(request, endpoint_id).deliveries.select_related("endpoint")
    delivery = get_object_or_404(found, pk=delivery_id)
    try:
        services.send_again(delivery=delivery, now=timezone.now())
        messages.success(request, "The message is on its way again.")
    except BadInput as error:
        messages.error(request, str(error))
    return redirect("webhooks:detail", endpoint_id)


@login_required
@get_or_post
def remove(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    endpoint, user = _find(request, endpoint_id), cast(User, request.user)
    if request.method == "POST":
        services.remove_endpoint(endpoint=endpoint, by=user, now=timezone.now())
        messages.success(request, "The webhook is removed.")
        return redirect("webhooks:list")
    context = {"section": "account", "crumbs": _crumbs(endpoint), "endpoint": endpoint}
    return render(request, "webhooks/remove.html", context)


def _crumbs(endpoint: Endpoint | None = None) -> list[tuple[str, str]]:
    """The way back: from one webhook to all, and to the account."""
    here = [("Webhooks", reverse("webhooks:list") if endpoint else "")]
    own = [(urlsplit(endpoint.url).netloc, "")] if endpoint else []
    return [("Your account", reverse("accounts:account")), *here, *own]


def _find(request: HttpRequest, endpoint_id: int) -> Endpoint:
    return get_object_or_404(services.endpoints(cast(User, request.user)), pk=endpoint_id)
