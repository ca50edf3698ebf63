"""The project's own promises: sizes of files and functions, dependencies, what a wheel carries."""

import ast
import contextlib
import re
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hatchling.build import build_wheel
from packaging.requirements import Requirement


@pytest.fixture(scope="session")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def direct(project) -> set[str]:
    """Names of all packages `pyproject.toml` asks for, ourselves left out."""
    extras = project["project"]["optional-dependencies"].values()
    groups = [project["project"]["dependencies"], project["build-system"]["requires"], *extras]
    return {Requirement(line).name for group in groups for line in group} - {"heldout"}


def written(path: Path) -> bool:
    """Whether people wrote this file, as opposed to a generator or another project."""
    return not {"migrations", "vendor"} & set(path.parts) and ".min." not in path.name


def functions(path: Path) -> list[int]:
    tree = ast.parse(path.read_text())
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in found]


def test_no_source_file_is_longer_than_600_lines(root):
    for path in (root / "src").rglob("*"):
        if path.suffix in {".py", ".js", ".css", ".html"} and written(path):
            assert len(path.read_text().splitlines()) <= 600, path


def test_functions_stay_small(root):
    files = filter(written, (root / "src").rglob("*.py"))
    lengths = [length for path in files for length in functions(path)]
    assert np.quantile(lengths, 0.99) <= 75
    assert np.median(lengths) <= 9


def test_own_javascript_stays_under_30_kilobytes(root):
    scripts = filter(written, (root / "src").rglob("*.js"))
    assert sum(path.stat().st_size for path in scripts) < 30_000


def test_every_dependency_says_why_it_is_here(root, direct):
    page = (root / "docs/explanation/dependencies.md").read_text()
    assert direct == set(re.findall(r"^\| `([\w.-]+)` \|", page, re.MULTILINE))


def test_every_dependency_is_pinned_for_continuous_integration(root, direct):
    lines = (root / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if not line.startswith("#")}
    unpinned = {"gpuhunt", "ray", "tzdata"}  # Not installed where the tests run.
    assert {name.lower() for name in direct - unpinned} <= pinned


def test_every_change_fragment_has_a_kind_towncrier_knows(root, project):
    kinds = {each["directory"] for each in project["tool"]["towncrier"]["type"]}
    for path in set((root / "changes").iterdir()) - {root / "changes/README.md"}:
        assert path.suffixes[-1] == ".md", path
        assert path.suffixes[-2].removeprefix(".") in kinds, path
        assert path.read_text().strip(), path


@pytest.fixture(scope="session")
def wheel(root, tmp_path_factory) -> list[str]:
    """Names of the files in the wheel; an editable install would hide that one is left out."""
    folder = tmp_path_factory.mktemp("wheel")
    with contextlib.chdir(root):
        name = build_wheel(str(folder))
    return zipfile.ZipFile(folder / name).namelist()


def test_the_wheel_carries_every_file_of_the_source(root, wheel):
    files = (path for path in (root / "src").rglob("*") if path.is_file())
    source = {path.relative_to(root / "src").as_posix() for path in files}
    assert {name for name in source if "__pycache__" not in name} <= set(wheel)


def test_the_wheel_carries_nothing_but_the_package_and_its_metadata(wheel):
    for name in wheel:
        assert name.startswith(("heldout/", "heldout-")), name
        assert not name.endswith((".pyc", ".sqlite3", ".log", "~")), name


def test_the_package_stays_small(root):
    files = (root / "src").rglob("*")
    kept = (path for path in files if path.is_file() and "__pycache__" not in path.parts)
    sizes = [path.stat().st_size for path in kept]
    assert sum(sizes) < 8_000_000
