"""Catalogues of every kind, from files and from a server that runs here."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.catalog.harvesting import harvest
from heldout.site.catalog.models import Entry, Source

SCHEMA = {
    "@context": "https://schema.org/",
    "@type": "Dataset",
    "name": "Birds of the <i>marsh</i>",
    "description": "Every call, &c.",
    "url": "https://birds.example.org/marsh",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "creator": [{"@type": "Organization", "name": "Marsh Society"}],
    "keywords": "birds, sound",
}
PAGE = (
    f"<html><script type='application/ld+json'>{json.dumps({'@graph': [SCHEMA]})}</script></html>"
)
DCAT = {
    "@graph": [
        {
            "@id": "https://data.example.org/1",
            "@type": "dcat:Dataset",
            "dct:title": {"@value": "Air quality", "@language": "en"},
            "dct:description": "Hourly.",
            "dct:publisher": {"foaf:name": "City"},
            "dcat:keyword": ["air", "city"],
        },
        {"@id": "https://data.example.org/2", "@type": ["dcat:Dataset"], "dct:title": "Trees"},
    ]
}
CKAN = {
    "success": True,
    "result": {
        "results": [
            {
                "id": "77",
                "name": "rivers",
                "title": "Rivers",
                "notes": "Water levels.",
                "license_title": "CC0",
                "tags": [{"display_name": "water"}],
                "resources": [],
                "url": "javascript:alert(1)",
            }
        ]
    },
}
CROISSANT = {
    "@type": "sc:Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.1",
    "name": "digits",
    "url": "https://digits.example.org/",
    "recordSet": [],
}


def take(tmp_path, content, name="catalogue.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return harvest(address=str(path), now=timezone.now())


@pytest.mark.parametrize(
    ("content", "kind", "titles"),
    [
        (SCHEMA, "schema.org", ["Birds of the marsh"]),
        (PAGE, "schema.org", ["Birds of the marsh"]),
        (DCAT, "dcat", ["Air quality", "Trees"]),
        (CKAN, "ckan", ["Rivers"]),
        (CROISSANT, "croissant", ["digits"]),
    ],
)
def test_every_kind_of_catalogue_is_read(tmp_path, content, kind, titles):
    found = take(tmp_path, content)
    assert found.source.kind == kind
    assert [one.title for one in found.source.entries.all()] == titles


def test_an_entry_says_what_its_catalogue_says(tmp_path):
    take(tmp_path, SCHEMA)
    entry = Entry.objects.get()
    assert (entry.creator, entry.keywords) == ("Marsh Society", ["birds", "sound"])
    assert entry.license.endswith("/by/4.0/")
    assert entry.address == "https://birds.example.org/marsh"


def test_an_address_that_is_none_is_left_out(tmp_path):
    take(tmp_path, CKAN)
    assert Entry.objects.get().address == ""


def test_reading_again_replaces_the_entries(tmp_path):
    take(tmp_path, DCAT)
    assert not take(tmp_path, DCAT).new
    take(tmp_path, {"@graph": DCAT["@graph"][:1]})
    assert [one.title for one in Entry.objects.all()] == ["Air quality"]
    assert Source.objects.count() == 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "no catalogue", '{"@type": "Person"}', "[" * 100_000]
)
def test_what_describes_no_data_set_is_refused(tmp_path, content):
    with pytest.raises(BadInput):
        take(tmp_path, content)
    assert not Source.objects.exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        harvest(address=str(tmp_path / "nothing.json"), now=timezone.now())


@pytest.fixture
def server():
    """Serves the DCAT catalogue with an ETag; notes what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(dict(self.headers))
            known = self.headers.get("If-None-Match") == '"one"'
            self.send_response(304 if known else 404 if "gone" in self.path else 200)
            self.send_header("ETag", '"one"')
            self.end_headers()
            if not known:
                self.wfile.write(json.dumps(DCAT).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def test_an_unchanged_catalogue_is_not_sent_again(server):
    address, asked = server
    assert harvest(address=f"{address}/all", now=timezone.now()).new
    again = harvest(address=f"{address}/all", now=timezone.now())
    assert (again.new, again.entries) == (False, 2)
    assert asked[1]["If-None-Match"] == '"one"'
    assert asked[0]["User-Agent"].startswith("heldout/")


def test_a_server_that_refuses_is_told_of(server):
    with pytest.raises(BadInput, match="404"):
        harvest(address=f"{server[0]}/gone", now=timezone.now())


def test_harvested_entries_are_searched_beside_the_sites_own(client, dataset, tmp_path):
    take(tmp_path, DCAT)
    text = client.get("/data/", {"q": "city air"}).content.decode()
    assert "Air quality" in text
    assert "Trees" not in text
    assert "Some pictures" not in text
    assert "catalogue.json" in text
