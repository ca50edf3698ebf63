from __future__ import annotations

from datetime import timedelta
from typing import cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from heldout.site.accounts import services
from heldout.site.accounts.forms import ProfileForm, TokenForm
from heldout.site.accounts.models import ApiToken, Scope, User

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@never_cache
@get_or_post
def account(request: HttpRequest) -> HttpResponse:
    """The profile and the API tokens; the button says which form is meant."""
    user = cast(User, request.user)
    meant = request.POST.get("form", "")
    # Validation writes into the instance, so it gets one of its own.
    own = User.objects.get(pk=user.pk)
    profile = ProfileForm(request.POST if meant == "profile" else None, instance=own)
    token = TokenForm(request.POST if meant == "token" else None)
    secret = feed = ""
    if profile.is_bound and profile.is_valid():
        services.edit_profile(user=user, now=timezone.now(), **profile.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("accounts:account")
    if token.is_bound and token.is_valid():
        given = token.cleaned_data
        _, secret = services.create_token(
            user=user,
            name=given["name"],
            scope=Scope(given["scope"]),
            lifetime=timedelta(days=given["days"]) or None,
            now=timezone.now(),
        )
        if given["scope"] == Scope.FEED:
            feed = f"{settings.HELDOUT.base_url}{reverse('challenges:site-feed')}?token={secret}"
        token = TokenForm()
    context = {
        "section": "account",
        "profile": profile,
        "token": token,
        "secret": secret,
        "feed": feed,
        "tokens": user.api_tokens.filter(revoked_at=None).order_by("-created_at"),
        "second_factors": is_mfa_enabled(user),
        "oauth": bool(settings.HELDOUT.oauth),
    }
    failed = profile.errors or token.errors
    return render(request, "accounts/account.html", context, status=422 if failed else 200)


@login_required
@get_or_post
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    user = cast(User, request.user)
    token = get_object_or_404(ApiToken, pk=token_id, user=user, revoked_at=None)
    if request.method == "POST":
        services.revoke_token(token=token, by=user, now=timezone.now())
        messages.success(request, f"The token “{token.name}” is revoked.")
        return redirect("accounts:account")
    return render(request, "accounts/revoke_token.html", {"section": "account", "token": token})


@never_cache
@get_or_post
def sign_in_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask first: programs that look into mails open links too, and a link works once."""
    now = timezone.now()
    if request.method != "POST":
        user = services.peek_sign_in_link(secret, now=now)
        return render(request, "accounts/link.html", {"person": user}, status=200 if user else 404)
    user = services.use_sign_in_link(secret, now=now)
    if user is None:
        return render(request, "accounts/link.html", {"person": None}, status=404)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    messages.success(request, f"You are signed in as {user.handle}.")
    return redirect("challenges:list")
