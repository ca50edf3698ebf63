"""The whole plan: its keys, and numbers that depend on each other."""

from datetime import date

import pytest

from heldout.compute.costs import Circumstances
from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.energy import find_grid
from heldout.compute.loading import load_model
from heldout.compute.plan import Plan, Run
from heldout.compute.report import to_html, to_markdown
from heldout.compute.setup import Precision, Sharding, TrainingSetup

DEVICES = built_in_devices()
WHERE = Circumstances(grid=find_grid("DE"), today=date(2026, 1, 1))
IMAGENET = Run(1_281_167, 90)


def make_plan(source, setup=None, run=IMAGENET, device=None):
    chosen = find_device(device, DEVICES) if device else None
    return Plan(source, setup or TrainingSetup(batch=64), run, DEVICES, WHERE, chosen)


@pytest.fixture(scope="module")
def resnet():
    return load_model("resnet50")


@pytest.fixture(scope="module")
def plan(resnet):
    setup = TrainingSetup(batch=64, precision=Precision.BF16)
    return make_plan(resnet, setup, device="h100-sxm").to_json()


def test_a_plan_has_the_promised_keys(plan):
    assert plan.keys() >= {
        *("parameters", "macs", "flops", "memory", "max_batch", "devices"),
        *("energy", "advice", "uncounted", "assumptions"),
    }
    assert plan["parameters"].keys() >= {"total", "trainable"}
    assert plan["flops"].keys() >= {"forward", "training_step", "training_run"}
    for memory in plan["memory"].values():
        assert memory.keys() == {
            *("peak_bytes", "parameters", "gradients", "optimizer", "activations"),
            *("workspace", "runtime", "phase"),
        }
    for row in plan["devices"]:
        assert row.keys() >= {"id", "fits", "max_batch", "hours", "cost"}


def test_training_resnet50_on_imagenet_takes_the_published_compute(plan):
    assert plan["flops"]["training_run"] == pytest.approx(2.83e18, rel=1e-3)
    assert plan["flops"]["forward"] == 2 * plan["macs"]
    assert plan["flops"]["training_step"] == 3 * 64 * plan["flops"]["forward"]


def test_the_traced_step_skips_only_the_gradient_of_the_image(plan):
    first_convolution = 2 * 64 * 3 * 49 * 112 * 112
    expected = plan["flops"]["training_step"] - 64 * first_convolution
    assert plan["flops"]["executed_step"] == expected


def test_the_categories_add_up_and_the_runtime_is_apart(plan):
    for memory in plan["memory"].values():
        parts = ("parameters", "gradients", "optimizer", "activations", "workspace")
        assert memory["peak_bytes"] == sum(memory[part] for part in parts)
        assert memory["runtime"] == 600_000_000


def test_cost_is_hours_times_price_for_each_way_of_renting(plan):
    (row,) = [row for row in plan["devices"] if row["id"] == "h100-sxm"]
    rent = row["cost"]["rent"]
    assert rent["usd_per_hour"] == {"on_demand": 6.98, "one_year": 5.81, "three_years": 4.31}
    for kind, rate in rent["usd_per_hour"].items():
        assert rent["usd"][kind]["mid"] == pytest.approx(rate * row["hours"]["mid"], abs=0.01)
    assert rent["stale"]
    assert rent["source"]


def test_carbon_follows_the_grid(plan):
    energy = plan["energy"]
    assert energy["co2_kg"]["mid"] == pytest.approx(energy["kwh"]["mid"] * 0.344)
    assert energy["watts"] == 700


def test_an_h100_needs_days_not_minutes_for_imagenet(plan):
    (row,) = [row for row in plan["devices"] if row["id"] == "h100-sxm"]
    assert 3 < row["hours"]["low"] < row["hours"]["high"] < 200
    assert row["examples_per_second"] == pytest.approx(64 / row["step_seconds"]["mid"])
    assert row["hours_per_epoch"]["mid"] == pytest.approx(row["hours"]["mid"] / 90)


def test_more_workers_take_less_time_but_not_less_money(perceptron):
    def rent(workers):
        setup = TrainingSetup(batch=64, workers=workers, sharding=Sharding.DDP)
        row = next(
            row for row in make_plan(perceptron, setup).to_json()["devices"] if row["id"] == "t4"
        )
        return row["hours"]["mid"], row["cost"]["rent"]["usd"]["on_demand"]["mid"]

    (alone_hours, alone_usd), (shared_hours, shared_usd) = rent(1), rent(4)
    assert shared_hours < alone_hours / 3
    assert shared_usd >= alone_usd


def test_without_a_data_set_there_are_no_hours(perceptron):
    plan = make_plan(perceptron, run=Run()).to_json()
    assert plan["flops"]["training_run"] is None
    assert all(row["hours"] is None for row in plan["devices"])
    assert plan["energy"] is None


def test_the_last_batch_of_an_epoch_may_be_smaller(perceptron):
    assert make_plan(perceptron, TrainingSetup(batch=64), Run(100, 3)).steps() == 3 * 2


def test_a_plan_becomes_a_block_for_a_model_card(plan):
    markdown, html = to_markdown(plan), to_html(plan)
    for text in ("25,557,032", "4.089 GMAC", "bf16 is autocast"):
        assert text in markdown
        assert text in html
    assert markdown.count("\n| ") > 10
    assert html.startswith("<section")
    assert html.endswith("</section>\n")


def test_a_name_cannot_break_the_page(perceptron, traced):
    source = traced(perceptron.recipe.build, *perceptron.inputs, name="<script>|x|")
    plan = make_plan(source).to_json()
    assert "<script>" not in to_html(plan)
    assert "\\|x\\|" in to_markdown(plan)
