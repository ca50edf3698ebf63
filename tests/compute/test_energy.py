"""Electricity and carbon."""

import pytest

from heldout.compute.energy import co2_kg, energy_kwh, find_grid, grids, mean_watts
from heldout.errors import BadInput


def test_five_megawatt_hours_a_year_are_six_hundred_watts():
    assert mean_watts(kwh=5200) == pytest.approx(593.6, abs=0.05)


def test_energy_is_power_times_load_times_hours_times_pue():
    assert energy_kwh(watts=400, hours=10, load=0.5, pue=1.5, devices=8) == pytest.approx(24)


def test_mean_power_and_energy_are_each_other_s_inverse():
    assert energy_kwh(watts=mean_watts(kwh=5200), hours=8760) == pytest.approx(5200)


def test_the_same_run_emits_fifteen_times_less_in_sweden_than_in_australia():
    sweden, australia = find_grid("SE"), find_grid("AU")
    assert co2_kg(kwh=1000, grid=australia) / co2_kg(kwh=1000, grid=sweden) > 15


def test_every_grid_has_a_year_a_source_and_a_possible_figure():
    for grid in grids().values():
        assert 0 < grid.grams_per_kwh < 1200
        assert 2015 < grid.year < 2030
        assert grid.source


def test_an_unknown_grid_names_the_nearest():
    with pytest.raises(BadInput, match="gcp:europe-west1"):
        find_grid("gcp:europe-west11")
