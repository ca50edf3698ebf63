"""METEOR and SPICE by their authors' own Java programs, as pycocoevalcap brings them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from heldout.errors import HeldoutError, MissingExtra
from heldout.evaluation.data import Floats

STATISTICS = 23  # Numbers that METEOR keeps of each caption.
METEOR = ("-Xmx2G", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm")
SPICE = ("-Xmx8G", "-jar", "spice-1.0.jar")
MODELS = "stanford-corenlp-3.6.0-models.jar"

Captions = Sequence[Sequence[str]]


def find_programs() -> Path:
    """Return the folder of the Java programs.

    Raises:
        MissingExtra: pycocoevalcap is not installed.
        HeldoutError: There is no Java.
    """
    package = find_spec("pycocoevalcap")
    if package is None or not package.submodule_search_locations:
        raise MissingExtra(feature="METEOR and SPICE", extra="captions-java")
    if shutil.which("java") is None:
        raise HeldoutError(
            "METEOR and SPICE are Java programs, and there is no java on PATH; "
            "install one, such as Debian's default-jre-headless"
        )
    return Path(package.submodule_search_locations[0])


def meteor_statistics(captions: Captions) -> Floats:
    """Return what METEOR counts in each caption: (n, 23).

    Args:
        captions: Of each example, the prediction first; tokens are separated by spaces.
    """
    folder = find_programs() / "meteor"
    asked = [
        " ||| ".join(["SCORE", *map(_plain, others), _plain(own)]) for own, *others in captions
    ]
    told = _run(METEOR, folder, "\n".join(asked) + "\n").splitlines()
    rows = [[float(value) for value in line.split()] for line in told]
    if len(rows) != len(captions) or any(len(row) != STATISTICS for row in rows):
        raise HeldoutError("METEOR gave something else than its statistics")
    return np.array(rows).reshape(-1, STATISTICS)


def spice_scores(captions: Captions) -> Floats:
    """Return the F-score of each caption's scene graph: (n,)."""
    folder = find_programs() / "spice"
    if not (folder / "lib" / MODELS).is_file():
        raise HeldoutError(
            "SPICE needs the language models of Stanford CoreNLP 3.6.0; fetch them once: "
            "python -m pycocoevalcap.spice.get_stanford_models"
        )
    asked = [
        {"image_id": place, "test": own, "refs": others}
        for place, (own, *others) in enumerate(captions)
    ]
    with tempfile.TemporaryDirectory() as name:
        asking, telling = Path(name) / "asked.json", Path(name) / "told.json"
        asking.write_text(json.dumps(asked))
        _run((*SPICE, str(asking), "-out", str(telling), "-subset", "-silent"), folder, "")
        told = {
            row["image_id"]: row["scores"]["All"]["f"] for row in json.loads(telling.read_text())
        }
    return np.array([told[place] for place in range(len(captions))], dtype=np.float64)


def _plain(text: str) -> str:
    return text.replace("|||", "").replace("  ", " ")


def _run(command: Sequence[str], folder: Path, given: str) -> str:
    done = subprocess.run(
        ["java", *command], cwd=folder, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise HeldoutError(f"java stopped: {lines[-1]}")
    return done.stdout
