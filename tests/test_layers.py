"""What import-linter's contracts cannot say, and that the contracts leave no room out."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

# Where torch may be imported when a module is loaded, and not only when a function is called.
TORCH = ("heldout/baselines/", "heldout/compute/models/")


@pytest.fixture(scope="session")
def contracts(root: Path) -> dict[str, dict[str, list[str]]]:
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def rooms(root: Path) -> set[str]:
    inside = (root / "src/heldout").iterdir()
    names = {
        path.stem for path in inside if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    return names - {"__init__", "__main__"}


def loaded_imports(node: ast.AST) -> Iterator[str]:
    """Names of modules imported when the file is loaded: those inside functions are not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module or ""
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from (name for other in child.orelse for name in loaded_imports(other))
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from loaded_imports(child)


def test_every_room_but_baselines_and_compute_is_forbidden_torch(root, contracts):
    contract = contracts["Only baselines and compute know torch"]
    others = rooms(root) - {"baselines", "compute"}
    assert set(contract["source_modules"]) == {f"heldout.{room}" for room in others}


def test_torch_is_loaded_with_a_module_only_where_networks_are_trained_or_modelled(root):
    for path in (root / "src").rglob("*.py"):
        if not path.relative_to(root / "src").as_posix().startswith(TORCH):
            names = {name.split(".")[0] for name in loaded_imports(ast.parse(path.read_text()))}
            assert "torch" not in names, path


def test_ray_is_never_loaded_with_a_module(root):
    for path in (root / "src").rglob("*.py"):
        names = {name.split(".")[0] for name in loaded_imports(ast.parse(path.read_text()))}
        assert "ray" not in names, path


@pytest.mark.parametrize("heavy", ["django", "polars", "pyarrow", "scipy", "sklearn", "torch"])
def test_the_overview_of_commands_loads_no_heavy_package(heavy):
    code = f"import sys, heldout.cli as c; c.command_group(); sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0
