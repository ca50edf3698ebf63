"""Croissant files: mlcroissant reads them without a warning, and the strict check finds every gap."""

import json
import shutil
from datetime import date

import pytest

from heldout.cards.croissant import NAME, croissant, data_type, to_json
from heldout.cards.croissant_check import REQUIRED, check_croissant

PUBLISHED, URL = date(2026, 12, 1), "https://example.org/challenges/shades"


@pytest.fixture(scope="module")
def described(facts, answered):
    return croissant(facts, url=URL, published=PUBLISHED, answers=answered)


@pytest.fixture(scope="module")
def bundle(shades, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copytree(shades.data, folder / "data")
    return folder


@pytest.fixture
def check_changed(bundle, described):
    """Check the description after a change."""

    def check(change):
        changed = json.loads(to_json(described))
        change(changed)
        (bundle / NAME).write_text(json.dumps(changed))
        return [str(problem) for problem in check_croissant(bundle / NAME)]

    return check


@pytest.mark.filterwarnings("ignore")  # Of its own dependencies.
def test_the_reference_library_reads_every_record_set_without_a_warning(bundle, described):
    mlcroissant = pytest.importorskip("mlcroissant")
    (bundle / NAME).write_bytes(to_json(described))
    data = mlcroissant.Dataset(jsonld=str(bundle / NAME))
    issues = data.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    first = next(iter(data.records(record_set="train")))
    assert first["train/reference"] in (b"dark", b"light")
    assert "val/reference" not in next(iter(data.records(record_set="val")))


def test_a_whole_description_has_no_problem(check_changed):
    assert check_changed(lambda described: None) == []


@pytest.mark.parametrize("name", REQUIRED["Dataset"])
def test_a_missing_property_of_the_data_set_is_found(name, check_changed):
    assert any(name in problem for problem in check_changed(lambda described: described.pop(name)))


@pytest.mark.parametrize("name", ["name", "encodingFormat", "sha256", "contentUrl"])
def test_a_missing_property_of_a_file_is_found(name, check_changed):
    found = check_changed(lambda described: described["distribution"][0].pop(name))
    assert any(f"a FileObject has no {name}" in problem for problem in found)


@pytest.mark.parametrize("name", ["name", "dataType", "source"])
def test_a_missing_property_of_a_field_is_found(name, check_changed):
    found = check_changed(lambda described: described["recordSet"][0]["field"][0].pop(name))
    assert any(f"a Field has no {name}" in problem for problem in found)


def test_another_namespace_is_found(check_changed):
    def change(described):
        described["@context"]["cr"] = "https://mlcommons.org/croissant/"

    assert "@context.cr: is not that of Croissant" in check_changed(change)[0]


def test_a_column_that_is_not_there_is_found_by_reading_the_first_record(check_changed):
    def change(described):
        described["recordSet"][0]["field"][0]["source"]["extract"]["column"] = "nowhere"

    assert 'has no column "nowhere"' in check_changed(change)[0]


def test_a_wrong_type_is_found(check_changed):
    def change(described):
        described["recordSet"][0]["field"][0]["dataType"] = "sc:Integer"

    assert "not sc:Integer" in check_changed(change)[0]


def test_a_file_that_changed_or_lies_elsewhere_is_found(check_changed):
    def change(described):
        described["distribution"][0]["sha256"] = "0" * 64
        described["distribution"][1]["contentUrl"] = "../../etc/passwd"

    found = check_changed(change)
    assert any("another SHA-256" in problem for problem in found)
    assert any("there is no file ../../etc/passwd" in problem for problem in found)


def test_the_datasheet_becomes_responsible_ai_terms(described, answered):
    assert "About acquisition." in described["rai:dataCollection"]
    assert "<!--" not in json.dumps(described, default=str)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Int64", "sc:Integer"),
        ("Float32", "sc:Float"),
        ("Boolean", "sc:Boolean"),
        ("String", "sc:Text"),
        ("Date", "sc:Date"),
        ("Datetime(time_unit='us', time_zone=None)", "sc:DateTime"),
        ("List(Float64)", "sc:Float"),
    ],
)
def test_types_of_columns_become_types_of_fields(kind, name):
    assert data_type(kind) == name


def test_a_file_that_is_no_json_is_one_problem(tmp_path):
    (tmp_path / NAME).write_text("{")
    assert "cannot be read" in str(check_croissant(tmp_path / NAME)[0])
