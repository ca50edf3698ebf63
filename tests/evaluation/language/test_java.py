"""METEOR's score from its program's recorded counts; what is said where a program is not there."""

import json
import shutil
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heldout.errors import HeldoutError, MissingExtra
from heldout.evaluation.language import java
from heldout.evaluation.language.meteor import meteor, without_whole_chunks
from heldout.evaluation.stats import ExampleStats

RECORDED = json.loads(Path(__file__).with_name("captions.json").read_text())
ASK = RECORDED["references"], RECORDED["predictions"]
JAVA = {"task": "captioning", "metric": "captions-java"}
Stats = Callable[..., ExampleStats]


@pytest.mark.parametrize("case", RECORDED["meteor"])
def test_the_score_of_counts_is_meteors_own(case: dict[str, Any]) -> None:
    counts = without_whole_chunks(np.array(case["counts"]))
    np.testing.assert_allclose(meteor(counts), case["each"], atol=1e-12)
    assert meteor(counts.sum(axis=0)) == pytest.approx(case["all"], abs=1e-12)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of programs, and a java that tells what was recorded."""
    spec = ModuleSpec("pycocoevalcap", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(java, "find_spec", lambda name: spec)
    (tmp_path / "meteor").mkdir()
    (tmp_path / "spice" / "lib").mkdir(parents=True)
    (tmp_path / "spice" / "lib" / java.MODELS).touch()
    lines = [" ".join(map(str, row)) for row in RECORDED["meteor"][0]["counts"]]
    (tmp_path / "counts").write_text("\n".join(lines) + "\n")
    told = [{"image_id": i, "scores": {"All": {"f": i / 10}}} for i in range(10)]
    (tmp_path / "told").write_text(json.dumps(told))
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *meteor*) cat >/dev/null; cat {tmp_path}/counts;; '
        f'*) shift 5; cp {tmp_path}/told "$1";; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return tmp_path


def test_counts_and_scores_of_the_programs_are_kept(stats_of: Stats, programs: Path) -> None:
    stats = stats_of(*ASK, **JAVA)
    assert stats.metric.names == ("METEOR", "SPICE")
    expected = [RECORDED["meteor"][0]["all"], 0.45]
    np.testing.assert_allclose(stats.reduce(), expected, atol=1e-12)
    weights = np.random.default_rng(0).integers(0, 3, 10)
    repeated = stats.take(np.repeat(np.arange(10), weights))
    np.testing.assert_allclose(repeated.reduce(), stats.reduce(weights), atol=1e-12)
    assert np.isnan(stats.reduce(np.zeros(10))).all()


def test_a_program_that_stops_is_told_with_its_message(stats_of: Stats, programs: Path) -> None:
    (programs / "bin" / "java").write_text("#!/bin/sh\necho out of memory >&2\nexit 3\n")
    with pytest.raises(HeldoutError, match="java stopped: out of memory"):
        stats_of(*ASK, **JAVA)


def test_without_its_models_spice_says_how_to_fetch_them(stats_of: Stats, programs: Path) -> None:
    (programs / "spice" / "lib" / java.MODELS).unlink()
    with pytest.raises(HeldoutError, match=r"get_stanford_models"):
        stats_of(*ASK, **JAVA)


def test_without_the_package_the_extra_is_named(
    stats_of: Stats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'heldout\[captions-java\]'"):
        stats_of(*ASK, **JAVA)


def test_without_java_it_is_said_which_one_to_install(
    stats_of: Stats, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(HeldoutError, match="no java on PATH; install one"):
        stats_of(*ASK, **JAVA)
