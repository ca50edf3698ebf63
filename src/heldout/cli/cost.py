"""`heldout cost`: renting against buying."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

import typer

from heldout.cli.output import print_json, print_table
from heldout.compute.money import (
    Purchase,
    break_even_hours,
    read_money,
    read_share,
    rent_cost,
    sustained_use_cost,
)
from heldout.errors import Problems

HOURS_OF_A_YEAR = 8766


def cost(
    buy: Annotated[str | None, typer.Option(help="Dollars to buy it.")] = None,
    rent: Annotated[str | None, typer.Option(help="Dollars an hour to rent it.")] = None,
    hours: Annotated[str | None, typer.Option(help="Hours it is needed.")] = None,
    watts: Annotated[str, typer.Option(help="Power it draws at work.")] = "0",
    electricity: Annotated[str, typer.Option(help="Dollars a kWh.")] = "0",
    utilisation: Annotated[
        str, typer.Option(help="Share of the time it works, above 0 and at most 1.")
    ] = "1.0",
    resale: Annotated[str, typer.Option(help="Dollars it fetches afterwards.")] = "0",
    pue: Annotated[str, typer.Option(help="Power usage effectiveness of the room.")] = "1",
    sustained_use: Annotated[
        bool,
        typer.Option("--sustained-use", help="Google's discount for long use within a month."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What renting costs, what buying costs, and after how many hours buying has paid."""
    problems = Problems()
    amounts = {
        name: read_money(problems, f"--{name}", text) if text is not None else None
        for name, text in {"buy": buy, "rent": rent, "hours": hours}.items()
    }
    purchase = Purchase(
        price=amounts["buy"] or Decimal(0),
        watts=read_money(problems, "--watts", watts),
        electricity=read_money(problems, "--electricity", electricity),
        resale=read_money(problems, "--resale", resale),
        utilisation=read_share(problems, "--utilisation", utilisation),
        pue=read_money(problems, "--pue", pue),
    )
    if buy is None and rent is None:
        problems.add("--buy, --rent", "there is no price", "give at least one of them")
    if buy is not None and purchase.resale > purchase.price:
        problems.add("--resale", f"{resale} is more than --buy", "give at most what it cost")
    if purchase.pue < 1:
        problems.add("--pue", f"{pue} is impossible", "a room uses at least its computers")
    problems.refuse_if_any()
    result = compare(purchase, amounts, sustained_use=sustained_use)
    if as_json:
        print_json(result)
    else:
        print_table(("", ""), in_words(result, hours))


def compare(
    purchase: Purchase, amounts: dict[str, Decimal | None], *, sustained_use: bool
) -> dict[str, Any]:
    buy, rent, hours = amounts["buy"], amounts["rent"], amounts["hours"]
    even = break_even_hours(purchase, hourly=rent) if buy is not None and rent else None
    renting = None
    if rent is not None and hours is not None:
        rule = sustained_use_cost if sustained_use else rent_cost
        renting = rule(hourly=rent, hours=hours * purchase.utilisation)
    owning = purchase.cost(hours) if buy is not None and hours is not None else None
    return {
        "break_even_hours": number(even),
        "rent_usd": number(renting),
        "own_usd": number(owning),
        "running_usd_per_hour": number(purchase.running_cost),
        "reason": reason(buy, rent, even),
    }


def in_words(result: dict[str, Any], hours: str | None) -> Iterator[tuple[str, str]]:
    even, running = result["break_even_hours"], result["running_usd_per_hour"]
    if even is not None:
        years = even / HOURS_OF_A_YEAR
        yield "Buying has paid after", f"{even:,.0f} hours, {years:.2g} years day and night"
    for name, key in (("Renting", "rent_usd"), ("Owning", "own_usd")):
        if result[key] is not None:
            yield f"{name} for {hours} hours", f"${result[key]:,.2f}"
    if running:
        yield "Electricity", f"${running:.4f} an hour of use"
    if result["reason"]:
        yield "Buying", result["reason"].removeprefix("buying ")
    if not any(result[key] for key in ("break_even_hours", "rent_usd", "own_usd", "reason")):
        yield (
            "Add",
            "--hours for the whole cost; --buy and --rent together for when buying has paid",
        )


def number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def reason(buy: Decimal | None, rent: Decimal | None, even: Decimal | None) -> str | None:
    if even is not None or buy is None or rent is None:
        return None
    if not rent:
        return "buying never pays: renting costs nothing"
    return "buying never pays: the electricity costs at least the rent"
