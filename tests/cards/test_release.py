"""A bundle holds the public data and its documents, and never an answer."""

import hashlib
import json
import zipfile
from datetime import date

import polars as pl
import pytest

from heldout.cards.release import release
from heldout.cards.scan import Secrets, scan, secrets_of
from heldout.challenge.folder import load
from heldout.cli import main
from heldout.errors import BadInput

PUBLISHED, URL = date(2026, 12, 1), "https://example.org/challenges/shades"


@pytest.fixture(scope="module")
def bundle(shades, tmp_path_factory):
    to = tmp_path_factory.mktemp("released") / "shades"
    return release(shades, to=to, url=URL, published=PUBLISHED).path


@pytest.fixture
def leaky(bundle, tmp_path):
    import shutil

    return shutil.copytree(bundle, tmp_path / "leaky")


@pytest.fixture(scope="module")
def secrets(shades):
    return secrets_of(shades)


def test_a_bundle_has_data_documents_and_true_checksums(bundle):
    names = {path.name for path in bundle.iterdir()}
    documents = {"README.md", "datasheet.md", "croissant.json", "facts.json", "SHA256SUMS"}
    assert names == {"data", *documents}
    lines = (bundle / "SHA256SUMS").read_text().splitlines()
    for line in lines:
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest
    assert len(lines) == sum(path.is_file() for path in bundle.rglob("*")) - 1


def test_an_archive_holds_the_same(shades, bundle, tmp_path):
    made = release(shades, to=tmp_path / "shades.zip", url=URL, published=PUBLISHED)
    with zipfile.ZipFile(made.path) as archive:
        assert len(archive.namelist()) == made.files
        assert archive.read("croissant.json") == (bundle / "croissant.json").read_bytes()


def test_a_clean_bundle_has_no_finding(bundle, secrets):
    assert len(secrets.by_split["test"]) > 5
    assert scan(bundle, secrets) == []


def test_a_copy_of_the_answers_under_another_name_is_found(leaky, shades, secrets):
    (leaky / "data/media/x.png").write_bytes((shades.answers / "test.parquet").read_bytes())
    (finding,) = scan(leaky, secrets)
    assert finding.place == "data/media/x.png"


@pytest.mark.parametrize("form", ["csv", "txt", "json"])
def test_examples_beside_their_answers_are_found_and_not_quoted(leaky, shades, secrets, form):
    answers = pl.read_parquet(shades.answers / "test.parquet").select("example_id", "reference")
    path = leaky / f"notes.{form}"
    if form == "csv":
        answers.write_csv(path)
    elif form == "txt":
        path.write_text("".join(f"{a} is {b}\n" for a, b in answers.iter_rows()))
    else:
        path.write_text("\n".join(json.dumps(row) for row in answers.iter_rows(named=True)))
    (finding,) = scan(leaky, secrets)
    assert f"names {len(answers)} held-out examples" in finding.message
    assert "dark" not in str(finding)


def test_an_answer_at_the_end_of_a_sentence_is_found(leaky, shades, secrets):
    example, answer = next(iter(secrets.by_split["test"].items()))
    (leaky / "notes.txt").write_text(f"For instance {example} is {answer}.\n")
    (finding,) = scan(leaky, secrets)
    assert "names 1 held-out examples" in finding.message


def test_examples_beside_wrong_answers_are_no_finding(leaky, shades, secrets):
    answers = pl.read_parquet(shades.answers / "test.parquet")
    other = answers.select("example_id", pl.lit("sepia").alias("reference"))
    other.write_csv(leaky / "notes.csv")
    assert scan(leaky, secrets) == []


@pytest.mark.parametrize("where", ["README.md", "data/media/x.png", "data/val.parquet"])
def test_a_long_answer_is_found_wherever_it_stands(leaky, where):
    answer = "a brown horse on a bridge"
    path = leaky / where
    if where.endswith("parquet"):
        table = pl.read_parquet(path)
        table.with_columns(pl.lit(answer).alias("remark")).write_parquet(path)
    else:
        before = path.read_bytes() if path.exists() else b"\x89PNG\0"
        path.write_bytes(before + b"tEXt" + answer.encode() + b"\0\0")
    secrets = Secrets(
        telling=frozenset({answer, "a brown horse on a ship", "something else there"})
    )
    (finding,) = scan(leaky, secrets)
    assert (finding.place, "1 held-out answers" in finding.message) == (where, True)
    assert answer not in str(finding)


def test_a_challenge_with_problems_is_not_released(damaged, tmp_path):
    (damaged / "answers/test.parquet").unlink()
    with pytest.raises(BadInput, match="answers/test"):
        release(load(damaged), to=tmp_path / "out", url=URL, published=PUBLISHED)
    assert not (tmp_path / "out").exists()


def test_a_bundle_with_an_answer_is_never_written(damaged, tmp_path):
    answers = pl.read_parquet(damaged / "answers/test.parquet").head(3)
    lines = "".join(f"- {a} is {b}\n" for a, b in answers["example_id", "reference"].iter_rows())
    (damaged / "README.md").write_text(f"# Shades\n\nThe first few:\n\n{lines}")
    with pytest.raises(BadInput, match="names 3 held-out examples"):
        release(load(damaged), to=tmp_path / "out.zip", url=URL, published=PUBLISHED)
    assert [path.name for path in tmp_path.iterdir()] == ["shades"]


def test_nothing_that_exists_is_overwritten(shades, tmp_path):
    with pytest.raises(BadInput, match="is there already"):
        release(shades, to=tmp_path, url=URL, published=PUBLISHED)


def test_the_commands_fill_in_and_release(damaged, tmp_path, capsys):
    (damaged / "datasheet.md").write_text("# Datasheet\n\nWe wanted to see.\n")
    with pytest.raises(SystemExit) as ended:
        main(["document", str(damaged), "--out", str(tmp_path / "cards")])
    assert ended.value.code == 1
    assert "datasheet.md: purpose: is not answered" in capsys.readouterr().err
    assert "We wanted to see." in (damaged / "datasheet.md").read_text()
    assert {path.name for path in (tmp_path / "cards").iterdir()} >= {"README.md", "croissant.json"}
    with pytest.raises(SystemExit) as ended:
        main(["release", str(damaged), "--to", str(tmp_path / "out"), "--url", URL, "--json"])
    assert ended.value.code == 2
    assert json.loads(capsys.readouterr().out)["problems"]
