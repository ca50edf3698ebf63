"""Commands that speak to a site, against one that answers as told; tokens and phases."""

import stat
import zipfile
from datetime import UTC, datetime
from hashlib import sha256

import httpx
import pytest

from heldout.cli.credentials import credentials_path, site_and_token, store_token
from heldout.cli.publish import _pack
from heldout.cli.remote import choose_phase, latest_phase
from heldout.client import Challenge, Client, Limits, Phase
from heldout.errors import BadInput

SITE = "https://site.example"


@pytest.fixture(autouse=True)
def own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("HELDOUT_URL", raising=False)
    monkeypatch.delenv("HELDOUT_TOKEN", raising=False)


@pytest.fixture
def site(monkeypatch):
    """Answers by path, and remembers what it was asked."""
    answers, asked = {}, []

    def answer(request):
        asked.append((request.method, request.url.path.removeprefix("/api/v1/")))
        status, body = answers[asked[-1]]
        return httpx.Response(status, json=body)

    original = Client.__init__

    def init(self, url, token=None, **options):
        original(self, url, token, transport=httpx.MockTransport(answer), sleep=lambda _: None)

    monkeypatch.setattr(Client, "__init__", init)
    store_token(SITE, "hld_secret")
    answers["asked"] = asked
    return answers


def phase(name, status):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Phase(name, name, status, moment, moment, Limits(), "public", ["score"])


def challenge(*phases):
    return Challenge("digits", "Digits", "image-classification", 1, list(phases))


def test_a_token_is_kept_for_its_owner_alone_and_for_its_site_alone():
    store_token(SITE, "hld_1")
    store_token("https://other.example", "hld_2")
    assert stat.S_IMODE(credentials_path().stat().st_mode) == 0o600
    assert site_and_token(SITE) == (SITE, "hld_1")
    assert site_and_token(f"{SITE}/") == (SITE, "hld_1")
    assert site_and_token(None) == ("https://other.example", "hld_2")
    assert site_and_token("https://third.example") == ("https://third.example", None)


def test_a_token_of_the_environment_wins(monkeypatch):
    store_token(SITE, "hld_1")
    monkeypatch.setenv("HELDOUT_TOKEN", "hld_env")
    assert site_and_token(None) == (SITE, "hld_env")


def test_a_damaged_file_of_tokens_is_named():
    store_token(SITE, "hld_1")
    credentials_path().write_text("{")
    with pytest.raises(BadInput, match="is damaged; delete it and log in again"):
        site_and_token(None)


def test_submitting_needs_a_choice_only_where_several_phases_are_open():
    assert choose_phase(challenge(phase("dev", "closed"), phase("test", "open")), None).id == "test"
    assert (
        choose_phase(challenge(phase("dev", "closed"), phase("test", "closed")), None).id == "test"
    )
    both = challenge(phase("dev", "open"), phase("test", "open"))
    with pytest.raises(BadInput, match="choose one of dev, test"):
        choose_phase(both, None)
    with pytest.raises(BadInput, match='did you mean "test"'):
        choose_phase(both, "tset")


def test_the_leaderboard_is_that_of_the_last_phase_that_has_opened():
    phases = phase("dev", "closed"), phase("test", "open"), phase("final", "upcoming")
    assert latest_phase(challenge(*phases), None).id == "test"
    assert latest_phase(challenge(*phases), "dev").id == "dev"
    assert latest_phase(challenge(phases[2]), None).id == "final"


def body(status, **more):
    return {
        "id": "s1",
        "challenge": "digits",
        "phase": "test",
        "status": status,
        "created_at": "2026-11-22T10:00:00Z",
        "filename": "p.csv",
        **more,
    }


def page(*, accepted=True):
    moment = "2026-01-01T00:00:00Z"
    one = {"id": "test", "split": "test", "status": "open", "opens": moment, "closes": moment}
    one |= {"submissions": {}, "leaderboard": "public", "reveal": []}
    return {
        "id": "digits",
        "title": "Digits",
        "task": "image-classification",
        "revision": 1,
        "phases": [one],
        "terms": "Be fair.",
        "terms_digest": "d1",
        "terms_accepted": accepted,
    }


POST = ("POST", "challenges/digits/phases/test/submissions")


@pytest.mark.parametrize(("status", "code"), [("scored", 0), ("failed", 1), ("refused", 2)])
def test_the_exit_code_of_submit_says_how_it_ended(run, files, site, status, code):
    site["GET", "challenges/digits"] = 200, page()
    site[POST] = 201, body("queued")
    problems = [{"place": "line 3", "message": "no", "remedy": ""}] if code else []
    site["GET", "submissions/s1"] = 200, body(status, problems=problems)
    ran = run("submit", "digits", files / "good.csv", "--wait", "--json")
    assert ran.code == code
    assert ran.json["status"] == status
    assert ("line 3: no" in ran.err) == bool(code)


def test_terms_are_shown_and_accepted_only_when_asked_to(run, files, site):
    site["GET", "challenges/digits"] = 200, page(accepted=False)
    site["POST", "challenges/digits/terms"] = 204, None
    site[POST] = 201, body("queued")
    refused = run("submit", "digits", files / "good.csv")
    assert refused.code == 2
    assert "Be fair." in refused.err
    assert site["asked"] == [("GET", "challenges/digits")]
    assert run("submit", "digits", files / "good.csv", "--accept-terms").code == 0
    assert ("POST", "challenges/digits/terms") in site["asked"]


def test_a_file_that_is_not_there_is_not_asked_about(run, site):
    assert run("submit", "digits", "nowhere.csv").code == 2
    assert site["asked"] == []


def test_submissions_without_a_score_show_a_dash(run, site):
    score = {"metric": "accuracy", "name": "accuracy", "value": 0.5, "low": None, "high": None}
    listed = [body("scored", scores=[score]), body("refused")]
    site["GET", "challenges/digits/submissions"] = 200, listed
    lines = run("submissions", "digits").out.splitlines()
    assert lines[1].split()[-4:] == ["accuracy", "0.5000", "-", "-"]
    assert lines[2].split()[-4:] == ["-"] * 4


def test_a_leaderboard_without_rows_says_so(run, site):
    site["GET", "challenges/digits"] = 200, page()
    site["GET", "challenges/digits/phases/test/leaderboard"] = 200, {"leaderboard": []}
    ran = run("leaderboard", "digits")
    assert ran.out == ""
    assert "nobody has a score yet" in ran.err
    assert run("leaderboard", "digits", "--json").json["leaderboard"] == []


def test_a_hidden_leaderboard_is_not_called_empty(run, site):
    site["GET", "challenges/digits"] = 200, page()
    answer = {"leaderboard": [], "hidden": True, "pending": False}
    site["GET", "challenges/digits/phases/test/leaderboard"] = 200, answer
    ran = run("leaderboard", "digits")
    assert "this phase reveals no scores" in ran.err
    assert "nobody" not in ran.err
    assert run("leaderboard", "digits", "--json").json["hidden"] is True


def test_what_is_sent_is_what_the_definition_names_and_nothing_else(run, images, tmp_path):
    folder = tmp_path / "pets"
    run("new", folder, "--from", images)
    (folder / "private-notes.txt").write_text("mine")
    (folder / ".git").mkdir()
    (folder / ".git/config").touch()
    _pack(folder, tmp_path / "c.zip")
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        names = set(archive.namelist())
    assert {"challenge.toml", "README.md", "answers/test.parquet", "data/test.parquet"} <= names
    assert not [name for name in names if "notes" in name or ".git" in name]
    assert stat.S_IMODE((tmp_path / "c.zip").stat().st_mode) == 0o600


def test_the_data_are_downloaded_whole_and_only_once(tmp_path, monkeypatch, run, site):
    content = b"PAR1" * 1000
    listed = [
        {
            "name": "train.parquet",
            "size": 4000,
            "sha256": sha256(content).hexdigest(),
            "split": "train",
        },
        {"name": "digits.zip", "size": 4000, "sha256": sha256(content).hexdigest(), "split": ""},
    ]
    site["GET", "challenges/digits/data"] = (200, listed)
    fetched = []
    monkeypatch.setattr(
        Client,
        "_fetch",
        lambda self, path, target, *given: fetched.append(path) or target.write_bytes(content),
    )
    for _ in range(2):
        assert run("download", "digits", "--to", str(tmp_path)).code == 0
    assert fetched == ["challenges/digits/data/digits.zip"]
    assert (tmp_path / "digits.zip").read_bytes() == content
    refused = run("download", "digits", "trian.parquet", "--to", str(tmp_path))
    assert refused.code == 2
    assert "train.parquet" in refused.err
