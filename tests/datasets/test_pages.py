"""The pages about data say what the code does."""

import re
from pathlib import Path

import pytest

from heldout.datasets.images import LARGEST_PIXELS, SUFFIXES
from heldout.datasets.kinds import Kind
from heldout.datasets.manifest import Manifest, SplitRecord, read_manifest
from heldout.datasets.readers import all_readers


@pytest.fixture(scope="module")
def formats(root: Path) -> str:
    return (root / "docs/reference/data-formats.md").read_text()


def test_every_format_kind_and_key_is_on_the_page(formats: str) -> None:
    for reader in all_readers():
        assert reader.title in formats
        assert all(f"`{suffix}`" in formats for suffix in reader.suffixes)
    for kind in Kind:
        assert f"| {kind.value} |" in formats
    for key in (*Manifest.__struct_fields__, *SplitRecord.__struct_fields__):
        assert f"`{key}`" in formats
    assert all(name in formats or name == "WEBP" for name in SUFFIXES)
    assert f"{LARGEST_PIXELS // 1_000_000} million pixels" in formats


def test_the_python_of_the_how_to_runs_as_it_stands(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(
        f"e{row * 7919 % 1000},{'cat' if row % 3 else 'dog'},p{row % 20 or ''},{row % 7},{row % 5}\n"
        for row in range(200)
    )
    (tmp_path / "photos.csv").write_text(f"example_id,reference,photographer,width,height\n{rows}")
    monkeypatch.chdir(tmp_path)
    page = (root / "docs/how-to/split-and-hold-out.md").read_text()
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(code, names)
    assert read_manifest(tmp_path / "data").split.options == {
        "unknown": "alone",
        "stratify": "reference",
    }
    assert capsys.readouterr().out == ""
