"""Score 214,000 questions as VQA v2 does, and 5,000 images with five captions each.

The peers are the reference scripts' ways: VQA's rules an annotator at a time, measured on fewer
questions and scaled; pycocoevalcap's own BLEU, ROUGE-L and CIDEr, its Java tokeniser included, where
it is installed (`pip install pycocoevalcap`, and a java on PATH).
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import resource
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from measure import cpu_seconds, peak_memory, report

from heldout.datasets.tasks import find_task
from heldout.evaluation.language.answers import normalise
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.stats import ExampleStats

QUESTIONS, PEER_QUESTIONS, IMAGES, REPLICATES = 214_000, 4_000, 5_000, 100
MARKS = ';/[]"{}()=+\\_-><@`,?!'


def stats_of(folder: Path, task_id: str, metric: str) -> ExampleStats:
    task = find_task(task_id)
    references = read_references(folder / "references.json", task=task)
    expected = Expected(references.example_ids, public=references.public)
    predictions = read_predictions(folder / "predictions.json", task=task, expected=expected)
    return find_metric(metric, task=task).per_example(predictions, references)


def write(folder: Path, references: Any, predictions: Any) -> None:
    (folder / "references.json").write_text(json.dumps(references))
    (folder / "predictions.json").write_text(json.dumps(predictions))


def write_questions(folder: Path) -> list[tuple[str, list[str]]]:
    rng = np.random.default_rng(0)
    known = [
        f"{article}word{i}{mark}" for i in range(2000) for article, mark in (("a ", ""), ("", "."))
    ]
    drawn = rng.zipf(1.5, (QUESTIONS, 11)) % len(known)
    texts = [[known[one] for one in row] for row in drawn.tolist()]
    annotations = [
        {
            "question_id": i,
            "image_id": i // 5,
            "question_type": "what is",
            "answer_type": "other",
            "answers": [
                {"answer": one, "answer_confidence": "yes", "answer_id": k}
                for k, one in enumerate(row[1:], start=1)
            ],
        }
        for i, row in enumerate(texts)
    ]
    results = [{"question_id": i, "answer": row[0]} for i, row in enumerate(texts)]
    write(folder, {"annotations": annotations}, results)
    return [(row[0], row[1:]) for row in texts]


def by_the_script(questions: list[tuple[str, list[str]]]) -> float:
    total = 0.0
    for answer, answers in questions:
        given, said = answer, answers
        if len(set(said)) > 1:
            said = [_words(_marks(one)) for one in said]
            given = _words(_marks(given))
        people = list(enumerate(said))
        each = []
        for person in people:
            others = [one for one in people if one != person]
            each.append(min(1, len([one for one in others if one[1] == given]) / 3))
        total += sum(each) / len(each)
    return total / len(questions)


def _marks(text: str) -> str:
    left = text
    for mark in MARKS:
        if f"{mark} " in text or f" {mark}" in text or re.search(r"(\d)(,)(\d)", text):
            left = left.replace(mark, "")
        else:
            left = left.replace(mark, " ")
    return re.sub(r"\.(?!\d)", "", left)


def _words(text: str) -> str:
    return " ".join(word for word in text.lower().split() if word not in ("a", "an", "the"))


def write_captions(folder: Path) -> tuple[dict[int, Any], dict[int, Any]]:
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, 8001)
    drawn = iter(rng.choice(8000, 400_000, p=share / share.sum()).tolist())
    spelt = [
        "".join("aeioubcdfglmnprst"[int(k)] for k in rng.integers(0, 17, 6)) for _ in range(8000)
    ]

    def caption() -> str:
        return " ".join(spelt[next(drawn)] for _ in range(int(rng.integers(8, 14)))) + "."

    own = {i: [{"image_id": i, "caption": caption()}] for i in range(IMAGES)}
    others = {
        i: [
            {"image_id": i, "caption": f"{caption()[:30]}{own[i][0]['caption'][30:]}"}
            for _ in range(5)
        ]
        for i in range(IMAGES)
    }
    annotations = [row for rows in others.values() for row in rows]
    write(folder, {"annotations": annotations}, [row for rows in own.values() for row in rows])
    return own, others


def by_pycocoevalcap(own: dict[int, Any], others: dict[int, Any]) -> list[float]:
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    with contextlib.redirect_stdout(io.StringIO()):
        given, said = PTBTokenizer().tokenize(own), PTBTokenizer().tokenize(others)
        bleu = Bleu(4).compute_score(said, given, verbose=0)[0]
    rouge, cider = (one.compute_score(said, given)[0] for one in (Rouge(), Cider()))
    return [*bleu, rouge, cider]


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bench_questions(folder: Path) -> None:
    questions = write_questions(folder)
    few = questions[:PEER_QUESTIONS]

    def fresh() -> float:
        normalise.cache_clear()
        return float(stats_of(folder, "visual-question-answering", "vqa-v2").reduce()[0])

    ours = cpu_seconds(fresh, repeat=1)
    theirs = cpu_seconds(lambda: by_the_script(few), repeat=1) * QUESTIONS / PEER_QUESTIONS
    print(f"{QUESTIONS:,} questions, ten answers each; files read")
    report("vqa-v2", ours=ours, theirs=theirs, peer=f"the script's way ({PEER_QUESTIONS:,} scaled)")


def bench_captions(folder: Path) -> None:
    own, others = write_captions(folder)
    stats = stats_of(folder, "captioning", "captions")
    ours = cpu_seconds(lambda: stats_of(folder, "captioning", "captions").reduce(), repeat=1)
    weights = np.random.default_rng(0).poisson(1, (REPLICATES, IMAGES)).astype(float)
    resamples = cpu_seconds(lambda: stats.reduce(weights), repeat=1)
    print(f"{IMAGES:,} images, five references each; files read, tokens included")
    print(
        f"1,000 resamples: {resamples * 1000 / REPLICATES:.2f} s of CPU (scaled from {REPLICATES})"
    )
    if find_spec("pycocoevalcap") is None:
        print(f"captions: {ours:.3f} s of CPU; pycocoevalcap is not installed")
        return
    before = children_seconds() + time.process_time()
    expected = by_pycocoevalcap(own, others)
    theirs = children_seconds() + time.process_time() - before  # Once: it takes long.
    np.testing.assert_allclose(stats.reduce(), expected, atol=1e-9)
    report("captions", ours=ours, theirs=theirs, peer="pycocoevalcap")


def main() -> None:
    for bench in (bench_questions, bench_captions):
        with tempfile.TemporaryDirectory() as name:
            bench(Path(name))
    print(f"peak memory {peak_memory()}")


if __name__ == "__main__":
    main()
