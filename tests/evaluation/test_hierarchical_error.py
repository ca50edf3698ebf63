"""Hierarchical error against networkx, and by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.challenge.adhoc import evaluate_files
from heldout.errors import BadInput
from heldout.evaluation.hierarchy import common_heights, parents_in_names

CLASSES = ("animal/dog/poodle", "animal/dog/collie", "animal/cat", "lorry")
TREE = "class,parent\npoodle,dog\ncollie,dog\ndog,animal\ncat,animal\nlorry,\nanimal,\ndog,pet\n"


def test_names_spell_out_a_hierarchy() -> None:
    expected = [[0, 1, 2, 3], [1, 0, 2, 3], [2, 2, 0, 3], [3, 3, 3, 0]]
    assert common_heights(CLASSES, parents_in_names(CLASSES)).tolist() == expected


@settings(max_examples=50)
@given(st.integers(2, 14), st.integers(0, 2**32 - 1))
def test_heights_equal_those_of_networkx(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parents = {
        str(i): {str(j) for j in rng.choice(i, min(i, int(rng.integers(1, 3))), replace=False)}
        for i in range(1, n)
    }
    graph = nx.DiGraph([(parent, name) for name, some in parents.items() for parent in some])
    height = {node: max(len(path) for path in _ways_down(graph, node)) - 1 for node in graph.nodes}
    names = sorted(graph.nodes)
    found = common_heights(names, parents)
    for a, one in enumerate(names):
        for b, other in enumerate(names):
            both = (nx.ancestors(graph, one) | {one}) & (nx.ancestors(graph, other) | {other})
            expected = 0 if one == other else min(height[node] for node in both)
            assert found[a, b] == expected


def _ways_down(graph: nx.DiGraph, node: str) -> list[list[str]]:
    below = list(graph.successors(node))
    return [[node, *way] for one in below for way in _ways_down(graph, one)] or [[node]]


def score(folder: Path, predictions: str, spec: str, **how: Any) -> float | None:
    (folder / "r.csv").write_text("example_id,reference\n1,poodle\n2,cat\n3,lorry\n4,collie\n")
    (folder / "p.csv").write_text(predictions)
    evaluation = evaluate_files(
        task="image-classification",
        references=folder / "r.csv",
        predictions=folder / "p.csv",
        metrics=[spec],
        classes=("poodle", "collie", "cat", "lorry"),
        **how,
    )
    return evaluation.report.scores[0].value


def test_a_file_gives_the_hierarchy_and_the_nearest_of_k_counts(
    tmp_path: Path, file: Callable[[str, str], Path]
) -> None:
    spec = f"hierarchical-error:tree={file('tree.csv', TREE)}"
    one = "example_id,prediction\n1,collie\n2,poodle\n3,cat\n4,collie\n"
    assert score(tmp_path, one, spec) == pytest.approx((1 + 2 + 3 + 0) / 4)
    two = (
        "example_id,prediction_1,prediction_2\n1,cat,collie\n2,lorry,cat\n3,cat,cat\n4,cat,lorry\n"
    )
    assert score(tmp_path, two, f"{spec},k=2") == pytest.approx((1 + 0 + 3 + 2) / 4)


def test_what_is_wrong_with_a_hierarchy_is_said(
    tmp_path: Path, file: Callable[[str, str], Path]
) -> None:
    one = "example_id,prediction\n1,collie\n2,poodle\n3,cat\n4,collie\n"
    for tree, message in [
        (TREE.replace("lorry,\n", ""), "not in the hierarchy: lorry"),
        (TREE + "animal,poodle\n", "is above itself"),
        ("name,parent\na,b\n", 'no column "class"'),
    ]:
        with pytest.raises(BadInput, match=message):
            score(tmp_path, one, f"hierarchical-error:tree={file('tree.csv', tree)}")
    with pytest.raises(BadInput, match="needs 2 labels per example"):
        score(tmp_path, one, "hierarchical-error:k=2")
    with pytest.raises(BadInput, match="less than 1"):
        score(tmp_path, one, "hierarchical-error:k=0")
