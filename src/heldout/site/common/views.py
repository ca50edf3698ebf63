from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.http import require_safe

from heldout.site.common import patterns as samples


@require_safe
def patterns(request: HttpRequest) -> HttpResponse:
    return render(request, "common/patterns.html", samples.context(timezone.now()))


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For programs that ask without reading the page."""
    return redirect(static("heldout/logo.svg"))
