"""The documentation fails here when it falls behind the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heldout.conf import CLIENT_NAMES, OTHER_NAMES, SETTINGS
from tools.write_docs import PAGES

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```|^(?: {4}|\t).*$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def reference_page(root):
    return lambda name: (root / "docs/reference" / name).read_text()


def pages(root: Path) -> Iterator[Path]:
    yield from root.glob("*.md")
    yield from (root / "docs").rglob("*.md")


def anchors(page: str) -> set[str]:
    """The fragment names a renderer gives to the headings of a page."""
    plain = (re.sub(r"[`*]", "", heading).strip().lower() for heading in HEADING.findall(page))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_the_code_is_up_to_date(name, reference_page):
    assert reference_page(name) == PAGES[name](), "write it anew: make docs"


def test_no_setting_is_documented_that_does_not_exist(root):
    known = {*SETTINGS, *CLIENT_NAMES, *OTHER_NAMES}
    for path in pages(root):
        named = set(re.findall(r"\bHELDOUT_[A-Z_]+[A-Z]\b", path.read_text()))
        assert {name.removesuffix("_FILE") for name in named} <= known, path


def test_every_page_is_reached_from_the_index(root):
    index = (root / "docs/README.md").read_text()
    linked = {(root / "docs" / link.split("#")[0]).resolve() for link in LINK.findall(index)}
    decisions = root / "docs/explanation/decisions"
    for path in (root / "docs").rglob("*.md"):
        if path.name != "README.md" and path.parent != decisions:
            assert path.resolve() in linked, path


def test_no_relative_link_is_dead(root):
    for path in pages(root):
        for link in LINK.findall(FENCE.sub("", path.read_text())):
            if "://" in link or link.startswith("mailto:"):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path}: {link}"
            if anchor and target.suffix == ".md":
                assert anchor in anchors(target.read_text()), f"{path}: {link}"


def test_no_page_names_a_path_of_somebodys_machine(root):
    for path in pages(root):
        found = re.search(r"(?<![\w.<])/(home|root|Users|work|mnt|tmp)/\w+", path.read_text())
        assert not found, f"{path}: {found and found[0]}"


def test_every_page_starts_with_its_title(root):
    for path in pages(root):
        assert path.read_text().startswith("# "), path


def test_the_readmes_notebook_runs_as_it_stands(root, tmp_path, monkeypatch, capsys):
    (tmp_path / "references.csv").write_text(
        "example_id,reference,light\na,cat,day\nb,dog,day\nc,cat,night\nd,dog,night\n"
    )
    (tmp_path / "predictions.csv").write_text("example_id,prediction\nd,dog\nc,dog\nb,dog\na,cat\n")
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(), re.DOTALL):
        exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("accuracy 0.75 ")
