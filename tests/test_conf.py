from pathlib import Path

import pytest

from heldout.conf import SETTINGS, Settings, load
from heldout.errors import BadInput


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(BadInput) as refusal:
        load(environ)
    return [str(problem) for problem in refusal.value.problems]


def test_an_empty_environment_gives_every_default():
    assert load({}) == load({name: row.default for name, row in SETTINGS.items()})


def test_every_setting_has_a_name_a_kind_and_a_help_sentence():
    for name, row in SETTINGS.items():
        assert name == row.name == name.upper()
        assert row.kind
        assert row.help.endswith(".")
    assert len(SETTINGS) == len(Settings.__dataclass_fields__)


def test_all_bad_values_are_reported_at_once_under_their_names():
    found = problems(
        {
            "HELDOUT_DEBUG": "perhaps",
            "HELDOUT_ATTEMPTS": "0",
            "HELDOUT_UPLOAD_LIMIT": "many",
            "HELDOUT_SIGN_UP": "ajar",
            "HELDOUT_BASE_URL": "example.org",
        }
    )
    assert len(found) == 5
    assert 'HELDOUT_DEBUG: "perhaps" is neither yes nor no' in found


def test_a_misspelt_setting_is_named_with_the_nearest():
    (found,) = problems({"HELDOUT_UPLOAD_LIMITS": "1"})
    assert 'did you mean "HELDOUT_UPLOAD_LIMIT"?' in found


def test_settings_of_other_programs_are_left_alone():
    load({"DEBUG": "perhaps", "PATH": "/bin"})


@pytest.mark.parametrize("name", [name for name, row in SETTINGS.items() if row.secret])
def test_a_secret_is_read_from_a_file(name, tmp_path):
    value = "github:id:p4ss" if name == "HELDOUT_OAUTH" else "postgresql://u:p@db/heldout"
    (tmp_path / "secret").write_text(f"{value}\n")
    from_file = load({f"{name}_FILE": str(tmp_path / "secret")})
    assert getattr(from_file, name.removeprefix("HELDOUT_").lower())
    assert from_file == load({name: value})


def test_a_bad_secret_is_not_shown():
    (found,) = problems({"HELDOUT_DATABASE_URL": "mysql://root:hunter2@db"})
    assert "hunter2" not in found


def test_a_secret_given_twice_is_refused(tmp_path):
    (tmp_path / "secret").write_text("one")
    given = {
        "HELDOUT_SECRET_KEY": "two",
        "HELDOUT_SECRET_KEY_FILE": str(tmp_path / "secret"),
    }
    assert "is given twice" in problems(given)[0]


def test_a_secrets_file_that_is_not_there_is_named(tmp_path):
    (found,) = problems({"HELDOUT_SECRET_KEY_FILE": str(tmp_path / "gone")})
    assert "gone cannot be read" in found


def test_only_secrets_are_read_from_files(tmp_path):
    assert "no such setting" in problems({"HELDOUT_SITE_NAME_FILE": "x"})[0]


@pytest.mark.parametrize(
    ("text", "bytes_"), [("500", 500), ("2 MB", 2_000_000), ("1.5gb", 1_500_000_000), ("7B", 7)]
)
def test_a_size_is_read_with_its_unit(text, bytes_):
    assert load({"HELDOUT_UPLOAD_LIMIT": text}).upload_limit == bytes_


@pytest.mark.parametrize("text", ["", "-1", "0", "MB", "1e400", "nan MB", "1 PB"])
def test_what_is_no_size_is_refused(text):
    assert "HELDOUT_UPLOAD_LIMIT" in problems({"HELDOUT_UPLOAD_LIMIT": text})[0]


def test_names_are_separated_by_commas():
    hosts = load({"HELDOUT_ALLOWED_HOSTS": " a.org, b.org ,"}).allowed_hosts
    assert hosts == ("a.org", "b.org")


def test_a_path_may_begin_with_the_home_folder():
    assert load({"HELDOUT_DATA": "~/site"}).data == Path.home() / "site"
