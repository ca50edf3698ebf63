"""The command table, its laziness, and the one place that refuses bad input."""

import json
import subprocess
import sys

import pytest

from heldout.cli import COMMANDS, command_group, main
from heldout.cli.lazy import Entry
from heldout.errors import BadInput, MissingExtra, Problem

HEAVY = ("torch", "django", "numba", "polars", "scipy", "sklearn", "httpx", "pydantic")


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_the_overview_names_every_command_and_imports_none(capsys):
    code = (
        "import sys\nfrom heldout.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    output = run_python(code)
    assert output.rstrip().endswith("[]")
    assert all(name in output for name in COMMANDS)


def test_every_command_of_the_table_loads_and_says_what_it_does():
    for name, command in command_group().commands.items():
        assert command.load().help, name


def failing_command(error):
    def fail(json: bool = False) -> None:
        """Fail."""
        raise error

    return fail


@pytest.fixture
def run_failing(monkeypatch):
    def run(error, arguments):
        monkeypatch.setitem(COMMANDS, "fail", Entry(f"{__name__}:ignored", "Score", "Fail."))
        monkeypatch.setattr(
            "heldout.cli.lazy.import_module",
            lambda module: type("M", (), {"ignored": staticmethod(failing_command(error))}),
        )
        with pytest.raises(SystemExit) as exit_info:
            main(["fail", *arguments])
        return exit_info.value.code

    return run


def test_bad_input_becomes_a_list_of_problems_and_exit_code_2(run_failing, capsys):
    error = BadInput([Problem("a.csv: line 3", "no"), Problem("b", "neither", "try c")], unlisted=7)
    assert run_failing(error, []) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "a.csv: line 3: no",
        "b: neither; try c",
        "and 7 more problems like these",
    ]


def test_with_json_the_problems_are_on_stdout_too(run_failing, capsys):
    assert run_failing(BadInput([Problem("b", "neither", "try c")]), ["--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "problems": [{"place": "b", "message": "neither", "remedy": "try c"}]
    }


def test_a_missing_extra_says_what_to_install(run_failing, capsys):
    assert run_failing(MissingExtra(feature="serving", extra="site"), []) == 2
    assert "pip install 'heldout[site]'" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named_without_a_traceback(run_failing, capsys):
    assert run_failing(PermissionError(13, "Permission denied", "secret.csv"), []) == 2
    assert capsys.readouterr().err == "secret.csv: permission denied\n"


def test_an_unknown_command_gets_the_nearest_name(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(["scor"])
    assert exit_info.value.code == 2
    assert "score" in capsys.readouterr().err
