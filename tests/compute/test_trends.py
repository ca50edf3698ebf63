"""Trends over the years."""

import math

import pytest

from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.trend_plots import draw_trends
from heldout.compute.trends import flop_per_dollar, growth_per_year, landmarks, read_epoch
from heldout.errors import BadInput

TABLE = """Model,Publication date,Training compute (FLOP),Training compute cost (2023 USD),Notes
A,2020-01-01,1e20,1000,x
B,2021-01-01,4e20,,y
C,2022-01-01,1.6e21,9000,z
D,,1e22,,no date
E,2022-06-01,,,no compute
"""


def test_the_landmarks_go_from_the_perceptron_to_today():
    names = [model.name for model in landmarks()]
    assert names[0] == "Perceptron"
    assert {"LeNet-5", "AlexNet", "VGG-16", "ResNet-152", "GPT-3"} <= set(names)
    assert all(model.source for model in landmarks())


def test_rows_without_a_date_or_a_compute_are_left_out():
    assert [model.name for model in read_epoch(TABLE, place="epoch.csv")] == ["A", "B", "C"]


def test_an_unknown_cost_is_not_zero():
    models = read_epoch(TABLE, place="epoch.csv")
    assert math.isnan(models[1].cost_usd)


def test_growth_is_the_slope_of_the_logarithm():
    assert growth_per_year(read_epoch(TABLE, place="epoch.csv")) == pytest.approx(4)


def test_another_table_is_refused_with_the_missing_columns():
    with pytest.raises(BadInput, match="Training compute"):
        read_epoch("a,b\n1,2\n", place="other.csv")


def test_flop_per_dollar_is_three_years_at_peak_for_the_price():
    titan = find_device("titanv", built_in_devices())
    assert flop_per_dollar(titan) == pytest.approx(110e12 * 3 * 365.25 * 86400 / 2999)


def test_three_plots_are_written(tmp_path):
    models = [*landmarks(), *read_epoch(TABLE, place="epoch.csv")]
    written = draw_trends(models, built_in_devices(), folder=tmp_path / "trends")
    assert [path.name for path in written] == [
        "training-compute.svg",
        "training-cost.svg",
        "flop-per-dollar.svg",
    ]
    assert all(path.read_text().startswith("<svg") for path in written)


def test_a_plot_without_data_is_left_out(tmp_path):
    costless = [model for model in landmarks() if math.isnan(model.cost_usd)]
    written = draw_trends(costless, built_in_devices(), folder=tmp_path)
    assert [path.name for path in written] == ["training-compute.svg", "flop-per-dollar.svg"]
