from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from heldout.errors import BadInput
from heldout.site.catalog.responses import send
from heldout.site.challenges.organising import organised, organising_frame
from heldout.site.transfer import services


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def archives(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.export")
    now = timezone.now()
    if request.method == "POST":
        try:
            services.ask_for_archive(challenge=challenge, by=user, now=now)
        except BadInput as error:
            messages.error(request, capfirst("; ".join(one.message for one in error.problems)))
        else:
            messages.success(request, "The archive is being made. Reload the page in a while.")
        return redirect("transfer:archives", slug)
    context = organising_frame(request, challenge, "archives", "Archive")
    context |= {"archives": services.archives(challenge, now=now), "lifetime": services.LIFETIME}
    return render(request, "transfer/archives.html", context)


@login_required
@never_cache
@require_safe
def fetch(request: HttpRequest, slug: str, archive: str) -> HttpResponseBase:
    challenge, _ = organised(request, slug, "challenges.export")
    path = services.find_archive(challenge, archive, now=timezone.now())
    if path is None:
        raise Http404("There is no such archive.")
    return send(request, path, name=archive, etag=f'"{archive}"')
