"""Leaks between the splits of a data set: found by a worker, judged by people."""

import csv
import io
import re

import polars as pl
import pytest
from django.utils import timezone
from PIL import Image

from heldout.datasets.index.views import Role
from heldout.site.catalog import leaks
from heldout.site.catalog.leaks import Names
from heldout.site.catalog.models import DataRevision, LeakVerdict
from heldout.site.common.models import AuditEntry
from heldout.site.worker import drain

PAGE = "/data/mixed/leaks/"
LEAKED = {"t0", "t1"}


@pytest.fixture(scope="session")
def mixed(tmp_path_factory):
    """Two pictures of the test split are training pictures, one photographer is on both sides."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "media").mkdir()
    for number in range(8):
        picture = Image.effect_noise((64, 64), 80 + number)
        picture.save(folder / f"media/{number:064x}.png")
    columns = {
        "train": (range(6), ["Ann", "Ben", "Cem", "Dia", "Eva", "Fay"]),
        "test": ([0, 1, 6, 7], ["Gus", "Hal", "Ann", "Ivo"]),
    }
    for split, (pictures, people) in columns.items():
        pl.DataFrame(
            {
                "example_id": [
                    f"{split[0]}{one}" if split == "test" else f"r{one}"
                    for one in range(len(people))
                ],
                "image": [f"media/{one:064x}.png" for one in pictures],
                "photographer": people,
                "kind": ["a", "b"] * (len(people) // 2),
            }
        ).write_parquet(folder / f"{split}.parquet")
    return folder


@pytest.fixture
def data(add_dataset, mixed):
    return add_dataset("mixed", folder=mixed)


@pytest.fixture
def looked(client, organiser, data):
    client.force_login(organiser)
    client.post(PAGE)
    drain()
    return data


def text_of(response):
    return " ".join(response.content.decode().replace("&amp;", "&").split())


def keys(response):
    return dict.fromkeys(re.findall(r'name="key" value="(\w+)"', response.content.decode()))


def judge(client, verdict, *names, **more):
    return client.post(f"{PAGE}judge/", {"verdict": verdict, "key": list(names), **more})


def test_nothing_is_looked_for_until_an_organiser_asks(client, outsider, organiser, data):
    assert "Nobody has looked for leaks" in text_of(client.get(PAGE))
    assert client.post(PAGE).status_code == 403
    client.force_login(outsider)
    assert client.post(PAGE).status_code == 403
    assert drain() == 0
    client.force_login(organiser)
    assert client.post(PAGE).status_code == 302
    assert "Waiting for a worker" in text_of(client.get(PAGE))
    assert drain() == 1


def test_planted_copies_and_a_shared_photographer_are_found(client, looked):
    text = text_of(client.get(PAGE))
    assert "2 of 4" in text
    assert "50.0 %" in text
    assert "same bytes 2, same group 1" in text
    assert "photographer Ann" in text
    assert text.count("<img") == 6


def test_the_usual_columns_of_groups_are_offered_first(client, organiser, data):
    client.force_login(organiser)
    offered = re.findall(r'name="groups" +value="(\w+)" *(checked)?', text_of(client.get(PAGE)))
    assert dict(offered) == {"photographer": "checked", "kind": ""}


def test_chosen_columns_of_groups_take_the_place_of_the_usual_ones(client, looked):
    client.post(PAGE, {"chosen": "1", "groups": ["kind", "nobody"]})
    drain()
    text = text_of(client.get(PAGE))
    assert "photographer Ann" not in text
    assert "same group 2" in text


def test_a_verdict_moves_a_pair_and_can_be_undone(client, organiser, looked):
    first, *_ = keys(client.get(PAGE))
    answer = judge(client, "leak", first, back="?show=open")
    assert answer.url == f"{PAGE}?show=open#pairs"
    assert first not in keys(client.get(PAGE))
    assert first in keys(client.get(PAGE, {"show": "leak"}))
    assert leaks.confirmed(looked, "test") <= LEAKED
    assert len(leaks.confirmed(looked, "test")) == 1
    judge(client, "none", first)
    assert first in keys(client.get(PAGE, {"show": "none"}))
    assert leaks.confirmed(looked, "test") == frozenset()
    judge(client, "undo", first)
    assert first in keys(client.get(PAGE))
    assert not LeakVerdict.objects.exists()
    assert AuditEntry.objects.filter(action="leak judged").count() == 3


def test_all_that_are_shown_are_judged_at_once(client, looked):
    judge(client, "leak", *keys(client.get(PAGE)))
    assert leaks.confirmed(looked, "test") == LEAKED | {"t2"}
    assert leaks.confirmed(looked, "train") == {"r0", "r1"}
    assert "No pairs here" in text_of(client.get(PAGE))


def test_verdicts_hold_when_the_data_are_looked_at_again(client, looked):
    first, *rest = keys(client.get(PAGE))
    judge(client, "leak", first)
    client.post(PAGE)
    drain()
    assert list(keys(client.get(PAGE))) == rest


def test_nobody_else_judges(client, outsider, looked):
    (first, *_) = keys(client.get(PAGE))
    client.force_login(outsider)
    assert judge(client, "leak", first).status_code == 403
    assert "<img" in text_of(client.get(PAGE))
    assert not keys(client.get(PAGE))


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_one_is_led_back_to_this_site_only(client, looked, back):
    assert judge(client, "leak", back=back).url == f"{PAGE}#pairs"


def test_a_verdict_of_nothing_is_refused(client, looked):
    assert judge(client, "perhaps", *keys(client.get(PAGE))).status_code == 404
    judge(client, "leak", "f" * 64)
    assert not LeakVerdict.objects.exists()


def test_a_name_no_database_holds_is_not_judged(organiser, looked):
    names = Names("test", "a\0", "train", "b")
    now = timezone.now()
    assert leaks.judge(dataset=looked, pairs=[names], is_leak=True, by=organiser, now=now) == 0


def test_pairs_are_taken_away_as_csv_with_what_was_said(client, looked):
    first, *_ = keys(client.get(PAGE))
    judge(client, "leak", first)
    rows = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}pairs.csv").content.decode())))
    assert {row["example_id"] for row in rows if row["how"] == "same bytes"} == LEAKED
    assert [row["verdict"] for row in rows].count("leak") == 1
    assert rows[0]["other_split"] == "train"


def test_visitors_see_no_pairs_where_an_answer_could_be_guessed_by_them(client, looked):
    client.logout()
    assert client.get(PAGE).status_code == 200
    DataRevision.objects.update(hidden="challenges/mixed/answers")
    assert client.get(PAGE).status_code == 404
    assert client.get(f"{PAGE}pairs.csv").status_code == 404
    DataRevision.objects.update(
        hidden="", layout={"media": "image", "columns": {"kind": int(Role.ORGANISER)}}
    )
    assert client.get(PAGE).status_code == 404


def test_a_listener_hears_of_each_change(organiser, looked, monkeypatch):
    heard = []
    monkeypatch.setattr(leaks, "_LISTENERS", [lambda dataset, now: heard.append(dataset.slug)])
    names = Names("test", "t0", "train", "r0")
    for said in (True, True, None, None):
        leaks.judge(dataset=looked, pairs=[names], is_leak=said, by=organiser, now=timezone.now())
    assert heard == ["mixed", "mixed"]
