"""The examples on which submissions do worst. They show answers, so they are for organisers alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from heldout.challenge.exploring import Exploration, Question, explore_phase
from heldout.errors import BadInput, HeldoutError
from heldout.evaluation.examples import CLASS, ExampleRow, Order
from heldout.site.challenges.access import Viewer
from heldout.site.challenges.frames import crumbs, frame, phase_title
from heldout.site.challenges.models import Revision
from heldout.site.common.problems import refusal
from heldout.site.submissions import storage
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Status, Submission

MOST = 50
MOST_BESIDE = 200


class Card(NamedTuple):
    """One example; `picture` is an address, or empty."""

    row: ExampleRow
    picture: str


class LookForm(forms.Form):
    order = forms.ChoiceField(
        choices=[
            (Order.WORST.value, "Worst first"),
            (Order.DISAGREEMENT.value, "Where they differ"),
        ],
        required=False,
    )
    beside = forms.ChoiceField(label="Beside", required=False)
    truth = forms.ChoiceField(label="True class", required=False)

    def __init__(
        self,
        *args: Any,
        others: Sequence[Submission],
        classes: Sequence[str],
        columns: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        named = [(one.pk, f"{one.entrant.name}: {one.filename}") for one in others]
        self.fields["beside"].choices = [("", "Nobody"), *named]  # type: ignore[attr-defined]
        every = [("", "Any"), *((one, one) for one in classes)]
        self.fields["truth"].choices = every  # type: ignore[attr-defined]
        self.columns = columns
        for name in columns:
            self.fields[f"in_{name}"] = forms.CharField(label=name, required=False, max_length=200)

    def question(self) -> Question:
        given = self.cleaned_data
        where = {name: given[f"in_{name}"] for name in self.columns if given[f"in_{name}"]}
        where |= {CLASS: given["truth"]} if given["truth"] else {}
        return Question(where=where, order=Order(given["order"] or Order.WORST), most=MOST)


@login_required
@never_cache
@require_safe
def errors(request: HttpRequest, submission_id: str) -> HttpResponse:
    submission = scored_submission(submission_id, request.user)
    challenge = submission.phase.challenge
    form = look_form(request.GET, submission)
    context = frame(request, challenge, "organise") | _looked(form, submission)
    trail = crumbs(
        challenge,
        ("Organise", reverse("submissions:everybodys", args=[challenge.slug])),
        (submission.filename, reverse("submissions:detail", args=[submission.pk])),
        ("Errors", ""),
    )
    context |= {"submission": submission, "form": form, "crumbs": trail}
    context |= {"phase_title": phase_title(submission.phase), "most": MOST}
    return render(request, "submissions/errors.html", context)


def scored_submission(submission_id: str, viewer: Viewer) -> Submission:
    """Whoever does not run the challenge is told that there is no such submission."""
    found = Submission.objects.select_related(
        "phase__challenge__current", "entrant", "evaluation__revision"
    )
    submission = found.filter(pk=submission_id, status=Status.SCORED).first()
    if submission is None or not viewer.has_perm("challenges.edit", submission.phase.challenge):
        raise Http404("There is no such submission.")
    return submission


def look_form(given: Mapping[str, Any], submission: Submission) -> LookForm:
    assert submission.evaluation is not None
    definition = submission.evaluation.revision.definition
    columns = [name for names in definition["data"].get("subgroups", []) for name in names]
    others = Submission.objects.filter(phase=submission.phase, status=Status.SCORED)
    return LookForm(
        given,
        others=list(others.exclude(pk=submission.pk).select_related("entrant")[:MOST_BESIDE]),
        classes=definition["challenge"].get("classes", []),
        columns=list(dict.fromkeys(columns)),
    )


def _looked(form: LookForm, submission: Submission) -> dict[str, Any]:
    if not form.is_valid():
        return {}
    try:
        found = look(form, submission)
    except BadInput as error:
        return {"problems": refusal(error)}
    except HeldoutError:
        return {"gone": True}
    cards = [Card(row, picture_of(submission, found, row)) for row in found.rows]
    return {"cards": cards, "found": found, "entries": found.entries}


def look(form: LookForm, submission: Submission) -> Exploration:
    """Look at the examples a valid form asks for.

    Raises:
        BadInput: There is no such group of examples.
        HeldoutError: A file that this needs is gone.
    """
    chosen = [submission]
    if form.cleaned_data["beside"]:
        chosen.append(
            Submission.objects.select_related("entrant").get(pk=form.cleaned_data["beside"])
        )
    assert submission.evaluation is not None
    revision = submission.evaluation.revision
    return _explore(submission, chosen, revision, form.question())


def _explore(
    submission: Submission, chosen: Sequence[Submission], revision: Revision, question: Question
) -> Exploration:
    with _named(chosen) as files:
        return explore_phase(
            challenge_folder(revision.folder),
            phase=submission.phase.key,
            predictions=files,
            question=question,
        )


@contextmanager
def _named(chosen: Sequence[Submission]) -> Iterator[Mapping[str, Path]]:
    """Stored files under names that tell their format."""
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for number, one in enumerate(chosen):
            link = Path(folder) / f"{number}{PurePath(one.filename).suffix.lower()}"
            link.symlink_to(storage.verified(one.sha256))
            files[f"{one.entrant.name}: {one.filename}"] = link
        yield files


def picture_of(submission: Submission, found: Exploration, row: ExampleRow) -> str:
    """The address of an example's picture; empty if it has none."""
    name, evaluation = found.images.get(row.example_id), submission.evaluation
    if not name or evaluation is None:
        return ""
    slug = submission.phase.challenge.slug
    return reverse("challenges:media", args=[slug, evaluation.revision.data_id, name])
