"""The documentation fails here when it falls behind the code."""

import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from heldout.challenge.protocol import Protocol
from heldout.conf import CLIENT_NAMES, OTHER_NAMES, SETTINGS
from heldout.datasets.tasks import find_task
from heldout.errors import Problems
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.scoring import score
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


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_the_code_names_no_folder_of_the_machine(name):
    assert str(Path.home()) not in PAGES[name]()


def test_no_setting_is_documented_that_does_not_exist(root):
    known = {*SETTINGS, *CLIENT_NAMES, *OTHER_NAMES}
    for path in pages(root):
        named = set(re.findall(r"\bHELDOUT_[A-Z_]+[A-Z]\b", path.read_text()))
        assert {name.removesuffix("_FILE") for name in named} <= known, path


def test_every_page_is_reached_from_an_index(root):
    indexes = [root / "docs/README.md", root / "docs/explanation/decisions/README.md"]
    linked = {
        (index.parent / link.split("#")[0]).resolve()
        for index in indexes
        for link in LINK.findall(index.read_text())
    }
    for path in set((root / "docs").rglob("*.md")) - set(indexes):
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


def run_python_of(page: Path) -> dict[str, object]:
    """Run all Python blocks of a page, one after the other; returns the names they define."""
    module = types.ModuleType("page")
    sys.modules["page"] = module  # Dataclasses look their module up.
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(code, page.name, "exec"), vars(module))
    return vars(module)


def test_the_readmes_notebook_runs_as_it_stands(root, tmp_path, monkeypatch, capsys):
    (tmp_path / "references.csv").write_text(
        "example_id,reference,light\na,cat,day\nb,dog,day\nc,cat,night\nd,dog,night\n"
    )
    (tmp_path / "predictions.csv").write_text("example_id,prediction\nd,dog\nc,dog\nb,dog\na,cat\n")
    monkeypatch.chdir(tmp_path)
    run_python_of(root / "README.md")
    assert capsys.readouterr().out.startswith("accuracy 0.75 ")


def test_the_metric_of_the_how_to_scores(root, tmp_path):
    metric = run_python_of(root / "docs/how-to/add-a-metric.md")["Within"](tolerance=0.5)
    (tmp_path / "references.csv").write_text("example_id,reference\na,1\nb,2\nc,3\nd,4\n")
    (tmp_path / "predictions.csv").write_text("example_id,prediction\na,1\nb,2.5\nc,9\nd,4\n")
    task = find_task("regression")
    references = read_references(tmp_path / "references.csv", task=task)
    predictions = read_predictions(
        tmp_path / "predictions.csv", task=task, expected=Expected(references.example_ids)
    )
    (one,) = score(predictions, references, [metric], seed=1).scores
    assert (one.metric, one.value, one.n) == ("within:tolerance=0.5", 0.75, 4)


def test_the_custom_metric_of_the_how_to_scores(root, tmp_path):
    metric = run_python_of(root / "docs/how-to/add-a-metric.md")["Covered"]()
    (tmp_path / "references.csv").write_text("example_id,value,light\na,1,day\nb,2,day\nc,3,day\n")
    (tmp_path / "predictions.csv").write_text("example_id,low,high\nc,0,1\nb,2,2.5\na,,4\n")
    protocol = Protocol(task=find_task("custom"), metrics=[metric], seed=1)
    references = read_references(tmp_path / "references.csv", task=protocol.task)
    assert protocol.unfit(references) == []
    report = protocol.evaluate(
        tmp_path / "predictions.csv", references=references, columns=references.columns
    ).report
    assert report.scores[0].value == pytest.approx(1 / 3)


def test_the_reader_of_the_how_to_reads(root, tmp_path):
    reader = run_python_of(root / "docs/how-to/add-a-reader.md")["READER"]
    (tmp_path / "animals.tsv").write_text("example_id\treference\na\tcat\nb\tdog\n")
    problems = Problems()
    table = reader.read(tmp_path / "animals.tsv", problems)
    assert not problems
    assert table.columns["reference"].to_list() == ["cat", "dog"]
    assert table.place(1) == "animals.tsv line 3"
