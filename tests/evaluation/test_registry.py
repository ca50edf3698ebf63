from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from heldout.datasets.tasks import TASKS, find_task
from heldout.errors import BadInput, HeldoutError
from heldout.evaluation import registry
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.registry import all_metrics, find_metric, metric_spec, metrics_for

LABELS = find_task("image-classification")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_default_metrics_of_a_task_exist_and_fit_it(task) -> None:
    assert [find_metric(spec, task=task).id for spec in task.metrics] == list(task.metrics)


def test_a_metric_is_found_with_its_parameters() -> None:
    metric = find_metric("top-k:k=3", task=LABELS)
    assert metric.parameters == {"k": 3}
    assert metric.names == ("top-3",)
    assert metric.key == "top-k:k=3"


def test_a_metric_without_parameters_is_known_by_its_id() -> None:
    assert find_metric("top-k", task=LABELS).key == "top-k"
    assert Accuracy().key == "accuracy"


def test_a_table_of_parameters_is_written_as_on_the_command_line() -> None:
    assert metric_spec("top-k", {"k": 5}) == "top-k:k=5"
    assert metric_spec("f1", {}) == "f1"


def test_one_id_may_have_a_metric_for_each_family() -> None:
    one, many = (
        find_metric("f1", task=find_task(task))
        for task in ("image-classification", "multi-label-classification")
    )
    assert type(one) is not type(many)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("acuracy", 'metric acuracy: there is no such metric; did you mean "accuracy"?'),
        ("mae", "metric mae: does not fit the task image-classification; metrics of this task"),
        ("top-k:n=5", 'metric top-k:n=5: there is no parameter "n"; known parameters: k'),
        ("top-k:k=five", 'metric top-k:k=five: k is "five", not a whole number'),
        ("top-k:k=0", "metric top-k:k=0: k is 0, which is less than 1"),
        ("ece:bins=0", "metric ece:bins=0: bins is 0, which is less than 1"),
        ("ece:bins=1001", "metric ece:bins=1001: bins is 1001, which is more than 1,000"),
        ("kappa:weights=cubic", 'weights is "cubic", not one of none, linear, quadratic'),
        ("accuracy:k=1", 'there is no parameter "k"; known parameters: none'),
        ("", "metric : there is no such metric; metrics of this task: accuracy"),
    ],
)
def test_what_is_wrong_with_a_metric_is_said_with_the_way_out(spec: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        find_metric(spec, task=LABELS)
    assert message in str(caught.value)


def test_all_wrong_parameters_are_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        find_metric("top-k:k=x,n=1", task=LABELS)
    assert len(caught.value.problems) == 2


@dataclass(frozen=True)
class Error(Accuracy):
    """A stranger's metric. Traps: none."""

    id = "error"


def install(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = EntryPoint("error", value, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    all_metrics.cache_clear()
    monkeypatch.setattr(registry, "all_metrics", registry.all_metrics.__wrapped__)


def test_a_package_adds_its_metric_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "error")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Error)
    assert Error in registry.metrics_for(LABELS)


def test_an_entry_point_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "no_such_module:Metric")
    with pytest.raises(HeldoutError, match=r"error \(no_such_module:Metric\): No module"):
        registry.all_metrics()


def test_an_entry_point_that_is_no_metric_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "math:pi")
    with pytest.raises(HeldoutError, match="is not a Metric class"):
        registry.all_metrics()


def test_metrics_for_a_task_fit_it() -> None:
    found = {metric.id for metric in metrics_for(find_task("regression"))}
    assert found >= {"mae", "rmse", "r2", "spearman"}
    assert "accuracy" not in found
