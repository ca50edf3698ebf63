"""The planner's pages: anybody may plan, and no visitor's code is ever run."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from heldout.compute.setup import Variant
from heldout.compute.trace_files import shipped_trace, write_trace

SETUP = {
    "batch": "64",
    "optimizer": "adamw",
    "precision": "fp32",
    "epochs": "90",
    "examples": "1281167",
    "device": "h100-pcie",
    "grid": "DE",
}


@pytest.fixture(scope="module")
def trace():
    return write_trace(shipped_trace("lenet"), [Variant()])


def upload(client, content, **changes):
    file = SimpleUploadedFile("mine.json", content)
    return client.post("/planner/trace/", {**SETUP, **changes, "file": file})


def test_a_visitor_gets_a_plan_at_once(client):
    page = client.get("/planner/")
    assert page.status_code == 200
    assert page.context["plan"]["model"] == "resnet50"
    text = page.content.decode()
    assert "25,557,032" in text
    assert "Rent, USD" in text
    assert "Buying has paid after" in text


def test_without_a_data_set_the_time_of_a_step_is_shown(client):
    page = client.get("/planner/", {**SETUP, "model": "resnet50", "examples": ""})
    assert "One step" in page.content.decode()


def test_what_is_nothing_or_not_known_is_left_out_or_said_in_words(client):
    wish = {**SETUP, "model": "resnet18", "examples": 1000, "epochs": 10, "optimizer": "sgd"}
    page = client.get("/planner/", {**wish, "device": "t4"})
    text = page.content.decode()
    assert "no price known" in text
    assert "under 0.01" in text
    assert "seconds" in text
    assert "on Tesla T4 at" in text
    assert "× 10¹⁴ FLOP" in text
    for raw in (" 0 to 0<", "0.00</", ">–<", "e-05", "e+1"):
        assert raw not in text


def test_a_model_for_no_device_gets_no_empty_table(client):
    page = client.get("/planner/", {**SETUP, "model": "llama-7b", "batch": 1024})
    text = page.content.decode()
    assert "It fits on none of the" in text
    assert "Largest batch" not in text


def test_a_known_model_is_planned_as_asked(client):
    page = client.get("/planner/", {**SETUP, "model": "resnet50"})
    text = page.content.decode()
    assert page.context["plan"]["flops"]["training_run"] == pytest.approx(2.83e18, rel=1e-3)
    assert "It fits on H100 PCIe 80GB" in text
    assert "Rent or buy" in text
    assert text.count('<svg role="img"') == 4


def test_what_does_not_fit_is_said_with_the_way_out(client):
    page = client.get("/planner/", {**SETUP, "model": "llama-7b", "device": "t4"})
    text = page.content.decode()
    assert "It does not fit on Tesla T4" in text
    assert "What would make it fit" in text


def test_the_formula_of_the_lectures(client):
    page = client.get("/planner/formula/")
    assert page.context["plan"]["memory"]["training"]["peak_bytes"] == 11_568_000_000
    text = page.content.decode()
    assert "12 bytes a parameter" in text
    assert "<dt>Model</dt>" not in text


def test_an_uploaded_trace_is_planned(client, trace):
    page = upload(client, trace)
    assert page.status_code == 200
    assert page.context["plan"]["model"] == "lenet"


@pytest.mark.parametrize("content", [b"", b"{}", b"import os", b"\xff\xfe", b'{"format": 1}'])
def test_what_is_no_trace_is_refused_with_the_reason(client, content):
    page = upload(client, content)
    assert page.status_code == 422
    assert "plan" not in page.context


def test_a_trace_without_the_variant_asked_for_says_which_it_has(client, trace):
    page = upload(client, trace, precision="bf16")
    assert page.status_code == 422
    assert "not traced with bf16" in page.content.decode()


def test_a_name_in_a_trace_cannot_break_the_page(client, trace):
    named = json.loads(trace) | {"model": "<script>alert(1)</script>"}
    page = upload(client, json.dumps(named).encode())
    assert b"<script>alert" not in page.content


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/planner/", {"model": "os.system", **SETUP}),
        ("/planner/", {"model": "resnet50", **SETUP, "batch": "0"}),
        ("/planner/formula/", {"params": "nan", "activations": "1", "input_bytes": "1"}),
    ],
)
def test_impossible_wishes_are_refused(client, path, query):
    page = client.get(path, query)
    assert page.status_code == 422
    assert "plan" not in page.context


def test_a_number_is_shown_bit_by_bit(client):
    text = client.get("/planner/numbers/").content.decode()
    assert "0x42F6E979" in text
    assert "11101101110100101111001" in text


def test_what_is_no_number_is_told(client):
    page = client.get("/planner/numbers/", {"number": "abc", "format": "fp32"})
    assert "is not a finite number" in page.content.decode()


def test_a_challenge_says_what_its_baselines_take(client, challenge):
    page = client.get(f"/challenges/{challenge.slug}/")
    outlook = page.context["outlook"]
    text = page.content.decode()
    assert "What will it take?" in text
    assert [row["start"].model for row in outlook["rows"]] == ["mlp"]
    for row in outlook["rows"]:
        plan = client.get(row["address"]).context["plan"]
        assert plan["model"] == row["start"].model
        assert plan["flops"]["training_run"] == pytest.approx(
            6 * plan["macs"] * outlook["examples"] * row["start"].epochs
        )


def test_an_organiser_names_the_baselines(client, challenge):
    revision = challenge.revision
    named = {"model": "lenet", "batch": 8, "epochs": 2, "precision": "fp32", "role": "teaser"}
    revision.definition["baselines"] = [named]
    revision.save()
    page = client.get(f"/challenges/{challenge.slug}/")
    assert [row["start"].model for row in page.context["outlook"]["rows"]] == ["lenet"]
    assert "teaser" in page.content.decode()
