"""Rent and purchase, against prices worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.compute.money import (
    Purchase,
    break_even_hours,
    is_stale,
    read_money,
    read_share,
    rent_cost,
    sustained_use_cost,
)
from heldout.errors import Problems

H100 = Decimal(40000)


def test_a_month_of_an_h100_costs_its_hours():
    assert rent_cost(hourly=Decimal("2.49"), hours=Decimal(720)) == Decimal("1792.80")


def test_an_h100_has_paid_after_sixteen_thousand_hours_of_full_use():
    assert round(break_even_hours(Purchase(H100), hourly=Decimal("2.49"))) == 16_064


def test_electricity_delays_the_break_even():
    purchase = Purchase(H100, watts=Decimal(350), electricity=Decimal("0.17"))
    assert round(break_even_hours(purchase, hourly=Decimal("2.49"))) == 16_458


def test_a_box_of_eight_has_paid_after_three_thousand_hours():
    even = break_even_hours(Purchase(Decimal(89283)), hourly=Decimal("27.197"))
    assert round(even) == 3_283


def test_half_the_use_takes_twice_as_long():
    full, half = Purchase(H100), Purchase(H100, utilisation=Decimal("0.5"))
    rent = Decimal("2.49")
    assert break_even_hours(half, hourly=rent) == 2 * break_even_hours(full, hourly=rent)


def test_buying_never_pays_where_electricity_costs_the_rent():
    purchase = Purchase(H100, watts=Decimal(1000), electricity=Decimal("2.49"))
    assert break_even_hours(purchase, hourly=Decimal("2.49")) is None


@given(
    st.decimals(1000, 100000, places=0),
    st.decimals("0.5", 30, places=2),
    st.decimals("0.1", 1, places=1),
)
def test_at_the_break_even_both_have_cost_the_same(price, rent, use):
    purchase = Purchase(price, Decimal(300), Decimal("0.2"), utilisation=use)
    hours = break_even_hours(purchase, hourly=rent)
    rented = rent * use * hours
    assert purchase.cost(hours) == pytest.approx(rented, abs=Decimal("0.02"))


def test_resale_is_taken_off_the_price():
    sold = Purchase(H100, resale=Decimal(10000))
    assert break_even_hours(sold, hourly=Decimal(3)) == 10000


@pytest.mark.parametrize(("hourly", "month"), [("0.35", "178.85"), ("0.60", "306.60")])
def test_a_full_month_of_sustained_use_is_thirty_percent_off(hourly, month):
    cost = sustained_use_cost(hourly=Decimal(hourly), hours=Decimal(730))
    assert cost == Decimal(month)


def test_the_first_quarter_of_a_month_has_no_discount():
    assert sustained_use_cost(hourly=Decimal(1), hours=Decimal("182.5")) == Decimal("182.50")


def test_a_price_is_stale_after_ninety_days_or_without_a_date():
    today = date(2026, 6, 30)
    assert not is_stale(date(2026, 4, 1), today=today)
    assert is_stale(date(2026, 3, 31), today=today)
    assert is_stale(None, today=today)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "free", ""])
def test_what_is_no_amount_is_a_problem_with_its_place(text):
    problems = Problems()
    read_money(problems, "--rent", text)
    assert [problem.place for problem in problems] == ["--rent"]


@pytest.mark.parametrize("text", ["0", "1.01", "nan", "-0.5"])
def test_a_share_is_above_zero_and_at_most_one(text):
    problems = Problems()
    read_share(problems, "--utilisation", text)
    assert problems
