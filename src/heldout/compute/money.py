"""Renting against buying, in exact decimal money.

All amounts are US dollars as `Decimal`; hours are plain numbers of hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from heldout.errors import Problems

HOURS_A_MONTH = 730
STALE_AFTER_DAYS = 90
LARGEST_AMOUNT = Decimal(10**15)
CENT = Decimal("0.01")

#: Google Cloud charges each further quarter of a month at a falling share of the list price
#: (https://cloud.google.com/compute/docs/sustained-use-discounts), 30 % off a full month.
SUSTAINED_USE_QUARTERS = (Decimal("1.0"), Decimal("0.8"), Decimal("0.6"), Decimal("0.4"))


def rent_cost(*, hourly: Decimal, hours: Decimal, devices: int = 1) -> Decimal:
    """Return what renting costs, rounded to cents."""
    return cents(hourly * hours * devices)


def sustained_use_cost(*, hourly: Decimal, hours: Decimal) -> Decimal:
    """Return the cost of `hours` within one 730-hour month under the sustained-use rule."""
    quarter = Decimal(HOURS_A_MONTH) / 4
    total, left = Decimal(0), hours
    for share in SUSTAINED_USE_QUARTERS:
        used = min(left, quarter)
        total += used * hourly * share
        left -= used
    return cents(total + left * hourly * SUSTAINED_USE_QUARTERS[-1])


@dataclass(frozen=True, slots=True)
class Purchase:
    """The costs of owning a machine.

    Attributes:
        price: What it costs to buy.
        watts: Power drawn while it works.
        electricity: Dollars a kWh.
        resale: What it fetches afterwards.
        utilisation: Share of the time it works, above 0 and at most 1.
        pue: Power usage effectiveness of the room it stands in.
    """

    price: Decimal
    watts: Decimal = Decimal(0)
    electricity: Decimal = Decimal(0)
    resale: Decimal = Decimal(0)
    utilisation: Decimal = Decimal(1)
    pue: Decimal = Decimal(1)

    @property
    def running_cost(self) -> Decimal:
        """Dollars of electricity for an hour of work."""
        return self.watts / 1000 * self.electricity * self.pue

    def cost(self, hours: Decimal) -> Decimal:
        """Return the cost of owning it for `hours` of wall-clock time."""
        return cents(self.price - self.resale + self.running_cost * self.utilisation * hours)


def break_even_hours(purchase: Purchase, *, hourly: Decimal) -> Decimal | None:
    """Return after how many hours of ownership buying has paid; None if it never does.

    Renting is paid only while there is work, so at half utilisation it takes twice as long.
    """
    saved_each_hour = (hourly - purchase.running_cost) * purchase.utilisation
    if saved_each_hour <= 0:
        return None
    return (purchase.price - purchase.resale) / saved_each_hour


def cents(amount: Decimal) -> Decimal:
    """Round to cents, halves up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def is_stale(priced_on: date | None, *, today: date) -> bool:
    """Return whether a price is older than 90 days, or of unknown age."""
    return priced_on is None or (today - priced_on).days > STALE_AFTER_DAYS


def read_money(problems: Problems, place: str, text: str) -> Decimal:
    """Return an amount a person typed; a NaN, an infinity or a negative one is a problem."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        problems.add(
            place, f'"{text}" is not an amount', "give a number such as 2.49, not negative"
        )
        return Decimal(0)
    if amount > LARGEST_AMOUNT:
        problems.add(place, f'"{text}" is beyond all reckoning', "give a smaller number")
        return Decimal(0)
    return amount


def read_share(problems: Problems, place: str, text: str) -> Decimal:
    """Return a share a person typed, above 0 and at most 1."""
    faults = len(problems)
    share = read_money(problems, place, text)
    if len(problems) == faults and not 0 < share <= 1:
        problems.add(place, f'"{text}" is not a share', "give a number above 0 and at most 1")
    return share if 0 < share <= 1 else Decimal(1)
