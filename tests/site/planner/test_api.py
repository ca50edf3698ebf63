"""The planner for programs answers as its pages do."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from heldout.compute.setup import Variant
from heldout.compute.trace_files import shipped_trace, write_trace
from heldout.site.planner.forms import ModelForm
from heldout.site.planner.services import plan_named

API = "/api/v1/planner"


def test_a_known_model_is_planned_as_on_its_page(client):
    given = {"batch": 8, "precision": "bf16", "examples": 1000}
    answer = client.get(f"{API}/models/lenet", given).json()
    form = ModelForm(
        {"model": "lenet", "optimizer": "adamw", "epochs": 1, "grid": "WORLD", **given}
    )
    assert form.is_valid()
    expected = plan_named(form.cleaned_data, today=timezone.localdate())
    assert answer["device"] == expected["device"]
    assert [row["id"] for row in answer["devices"]] == [row["id"] for row in expected["devices"]]


def test_an_own_trace_is_planned(client):
    content = write_trace(shipped_trace("lenet"), [Variant()])
    given = {"file": SimpleUploadedFile("trace.json", content), "batch": 4}
    assert client.post(f"{API}/traces", given).json()["devices"]
    broken = client.post(f"{API}/traces", {"file": SimpleUploadedFile("trace.json", b"{}")})
    assert broken.status_code == 422


def test_three_numbers_make_an_estimate(client):
    given = {"params": 1e6, "activations": 1e5, "input_bytes": 1e4}
    assert client.get(f"{API}/formula", given).status_code == 200


def test_a_number_is_explained(client):
    answer = client.get(f"{API}/numbers", {"number": "0.1", "format": "bf16"}).json()
    assert answer["value"] == pytest.approx(0.1, rel=2**-8)
    assert answer["error"] == pytest.approx(answer["value"] - 0.1)


@pytest.mark.parametrize(
    ("path", "given", "place"),
    [
        ("models/nothing", {}, "model"),
        ("models/lenet", {"batch": 0}, "batch"),
        ("models/lenet", {"precision": "fp3"}, "precision"),
        ("formula", {"params": -1, "activations": 1, "input_bytes": 1}, "params"),
        ("formula", {}, "params"),
        ("numbers", {"number": "many", "format": "bf16"}, ""),
        ("numbers", {"number": "1", "format": "none"}, "format"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_its_place(path, given, place, client):
    response = client.get(f"{API}/{path}", given)
    assert response.status_code == 422
    places = {problem["place"].split(".")[-1] for problem in response.json()["problems"]}
    assert place in places or not place
