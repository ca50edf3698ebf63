from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from heldout.errors import BadInput
from heldout.site.challenges import disqualifying
from heldout.site.challenges.forms import DisqualificationForm
from heldout.site.challenges.frames import phase_title
from heldout.site.challenges.organising import organised, organising_frame


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def disqualifications(request: HttpRequest, slug: str) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.review")
    given = request.POST if request.method == "POST" else None
    form = DisqualificationForm(given, challenge=challenge)
    if form.is_valid():
        try:
            made = disqualifying.disqualify(by=user, now=timezone.now(), **form.cleaned_data)
        except BadInput as error:
            for problem in error.problems:
                form.add_error(problem.place, problem.message)
        else:
            messages.success(request, f"{made.entrant} is ranked no more.")
            return redirect("challenges:disqualifications", slug)
    context = organising_frame(request, challenge, "disqualifications", "Disqualifications") | {
        "form": form,
        "disqualifications": [
            (phase_title(one.phase), one)
            for one in disqualifying.disqualifications_of(challenge, user)
        ],
        "may_edit": user.has_perm("challenges.edit", challenge),
    }
    status = 422 if form.errors else 200
    return render(request, "challenges/disqualifications.html", context, status=status)


@login_required
@require_POST
def reinstate(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    challenge, user = organised(request, slug, "challenges.edit")
    found = get_object_or_404(disqualifying.disqualifications_of(challenge, user), pk=number)
    disqualifying.reinstate(disqualification=found, by=user, now=timezone.now())
    messages.success(request, f"{found.entrant} is ranked again.")
    return redirect("challenges:disqualifications", slug)
