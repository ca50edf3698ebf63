"""The tasks a challenge can have: what a reference, a prediction and an example look like.

One definition serves labelling, browsing, scoring and baselines. Everything here is data; the code
that reads a task's files lives in `heldout.evaluation.reading`, one file per family.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from heldout.errors import BadInput, Problem, did_you_mean


class Family(StrEnum):
    """Tasks of one family share the shape of their references and predictions."""

    LABEL = "label"
    LABEL_SET = "label-set"
    NUMBER = "number"
    BOXES = "boxes"
    MASKS = "masks"
    POSES = "poses"
    SEMANTIC = "semantic"
    PANOPTIC = "panoptic"
    ANSWERS = "answers"
    CAPTIONS = "captions"
    MATCHES = "matches"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Task:
    """What one task looks like.

    Attributes:
        id: The name used in `challenge.toml` and on the command line.
        title: The name a page shows.
        family: Decides which reader parses references and predictions.
        media: The kind of an example's medium, `image` or `none` (a row of a table).
        has_classes: Whether the challenge must declare its classes.
        metrics: Ids of the default metrics; the first is primary.
        reference_columns: How a table of references looks, in one line for people.
        prediction_columns: The same for predictions, one line per accepted form.
        labelling_form: Which form collects a label of this task.
        needs_references: Whether every metric of the task compares with references.
    """

    id: str
    title: str
    family: Family
    media: str
    has_classes: bool
    metrics: tuple[str, ...]
    reference_columns: str
    prediction_columns: tuple[str, ...]
    labelling_form: str
    needs_references: bool = True


_LABEL_COLUMNS = (
    "example_id, prediction",
    "example_id, prediction_1 … prediction_k (best first)",
    "example_id, score_<class> for every class",
    "example_id, scores (a list in the order of the declared classes)",
)

TASKS: dict[str, Task] = {
    task.id: task
    for task in (
        Task(
            id="image-classification",
            title="Image classification",
            family=Family.LABEL,
            media="image",
            has_classes=True,
            metrics=("accuracy", "balanced-accuracy", "f1"),
            reference_columns="example_id, reference",
            prediction_columns=_LABEL_COLUMNS,
            labelling_form="one-of",
        ),
        Task(
            id="tabular-classification",
            title="Tabular classification",
            family=Family.LABEL,
            media="none",
            has_classes=True,
            metrics=("accuracy", "balanced-accuracy", "f1"),
            reference_columns="example_id, reference",
            prediction_columns=_LABEL_COLUMNS,
            labelling_form="one-of",
        ),
        Task(
            id="multi-label-classification",
            title="Multi-label classification",
            family=Family.LABEL_SET,
            media="image",
            has_classes=True,
            metrics=("f1",),
            reference_columns="example_id, reference (a list, joined by | in CSV)",
            prediction_columns=(
                "example_id, prediction (a list, joined by | in CSV)",
                "example_id, score_<class> for every class",
                "example_id, scores (a list in the order of the declared classes)",
            ),
            labelling_form="any-of",
        ),
        Task(
            id="regression",
            title="Regression",
            family=Family.NUMBER,
            media="none",
            has_classes=False,
            metrics=("mae", "rmse", "r2"),
            reference_columns="example_id, reference (a number)",
            prediction_columns=("example_id, prediction (a number)",),
            labelling_form="number",
        ),
        Task(
            id="object-detection",
            title="Object detection",
            family=Family.BOXES,
            media="image",
            has_classes=False,
            metrics=("coco-bbox",),
            reference_columns="COCO ground truth (JSON)",
            prediction_columns=(
                "COCO results (JSON): [{image_id, category_id, bbox, score}]",
                "image_id, category_id, bbox, score (Parquet)",
            ),
            labelling_form="boxes",
        ),
        Task(
            id="instance-segmentation",
            title="Instance segmentation",
            family=Family.MASKS,
            media="image",
            has_classes=False,
            metrics=("coco-segm", "coco-bbox"),
            reference_columns="COCO ground truth (JSON)",
            prediction_columns=(
                "COCO results (JSON): [{image_id, category_id, segmentation, score}]",
                "image_id, category_id, segmentation, score (Parquet)",
            ),
            labelling_form="masks",
        ),
        Task(
            id="keypoints",
            title="Keypoints",
            family=Family.POSES,
            media="image",
            has_classes=False,
            metrics=("coco-keypoints",),
            reference_columns="COCO ground truth (JSON)",
            prediction_columns=(
                "COCO results (JSON): [{image_id, category_id, keypoints, score}]",
                "image_id, category_id, keypoints, score (Parquet)",
            ),
            labelling_form="keypoints",
        ),
        Task(
            id="semantic-segmentation",
            title="Semantic segmentation",
            family=Family.SEMANTIC,
            media="image",
            has_classes=False,
            metrics=("miou",),
            reference_columns="a folder or ZIP archive of PNG masks named by example",
            prediction_columns=("a folder or ZIP archive of PNG masks named by example",),
            labelling_form="masks",
        ),
        Task(
            id="panoptic-segmentation",
            title="Panoptic segmentation",
            family=Family.PANOPTIC,
            media="image",
            has_classes=False,
            metrics=("panoptic", "panoptic-things", "panoptic-stuff"),
            reference_columns="panoptic JSON with the folder of PNG masks of the same name",
            prediction_columns=(
                "panoptic JSON with the folder of PNG masks of the same name",
                "both in one ZIP archive",
            ),
            labelling_form="masks",
        ),
        Task(
            id="visual-question-answering",
            title="Visual question answering",
            family=Family.ANSWERS,
            media="image",
            has_classes=False,
            metrics=("vqa-v2",),
            reference_columns="VQA v2 or VizWiz annotations (JSON)",
            prediction_columns=(
                "JSON: [{question_id, answer}], or image instead of question_id for VizWiz",
                "JSON: [{image, answerable}] (the confidence that there is an answer)",
            ),
            labelling_form="text",
        ),
        Task(
            id="captioning",
            title="Captioning",
            family=Family.CAPTIONS,
            media="image",
            has_classes=False,
            metrics=("captions",),
            reference_columns="COCO captions (JSON)",
            prediction_columns=("JSON: [{image_id, caption}]",),
            labelling_form="text",
        ),
        Task(
            id="image-text-matching",
            title="Image-text matching",
            family=Family.MATCHES,
            media="image",
            has_classes=False,
            metrics=("winoground",),
            reference_columns=(
                "none for winoground (example_id for subgroups); for retrieval example_id, "
                "reference (the relevant items, joined by | in CSV), relevance (optional, as many)"
            ),
            prediction_columns=(
                "example_id, c0_i0, c1_i0, c0_i1, c1_i1 (scores of captions with images)",
                "example_id, prediction (items, best first, joined by | in CSV)",
            ),
            labelling_form="text",
            needs_references=False,
        ),
        Task(
            id="custom",
            title="Custom",
            family=Family.CUSTOM,
            media="none",
            has_classes=False,
            metrics=("exact-match",),
            reference_columns="example_id, and columns of the organiser's own",
            prediction_columns=(
                "example_id, and the columns to predict, or those the metric asks for",
            ),
            labelling_form="text",
        ),
    )
}


def find_task(task_id: str) -> Task:
    """Return the task with this id.

    Raises:
        BadInput: The id is unknown; names the nearest one.
    """
    if task_id not in TASKS:
        remedy = did_you_mean(task_id, TASKS) or f"known tasks: {', '.join(TASKS)}"
        raise BadInput([Problem("task", f'"{task_id}" is not a task', remedy)])
    return TASKS[task_id]
