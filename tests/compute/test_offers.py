"""Rents of clouds as prices of devices. gpuhunt's items are played by objects with its fields."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from heldout.compute.devices import built_in_devices, find_device
from heldout.compute.offers import (
    CATALOGUE_NAMES,
    Offer,
    device_of,
    from_gpuhunt,
    read_skypilot,
    refreshed,
)
from heldout.errors import BadInput

DEVICES = built_in_devices()
TODAY = date(2026, 11, 1)
HEADER = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region\n"


def item(gpu="T4", memory=16, price=0.5, count=1, spot=False):
    return SimpleNamespace(gpu_name=gpu, gpu_memory=memory, price=price, gpu_count=count, spot=spot)


@pytest.mark.parametrize("name", CATALOGUE_NAMES)
def test_every_name_leads_to_a_device_with_about_its_memory(name):
    for memory, device in CATALOGUE_NAMES[name].items():
        assert (
            find_device(device, DEVICES).memory_gb == pytest.approx(memory, rel=0.15)
            or name == "k80"
        )


@pytest.mark.parametrize(
    ("gpu", "memory", "id"),
    [
        ("A100", 80, "a100-sxm-80"),
        ("A100", 40, "a100-sxm-40"),
        ("RTX 4090", 24, "rtx4090"),
        ("T4", None, "t4"),
        ("A100", None, None),
        ("T4", 80, None),
        ("Voodoo2", 1, None),
    ],
)
def test_an_offer_is_of_a_device_only_where_that_is_sure(gpu, memory, id):
    assert device_of(Offer(gpu, memory, Decimal(1), spot=False)) == id


def test_a_rent_is_the_median_for_one_device_with_source_and_date():
    items = [item(price=0.4), item(price=4.0, count=8), item(price=9.0), item(price=0.1, spot=True)]
    (found,) = refreshed(DEVICES, from_gpuhunt(items), source="gpuhunt", today=TODAY)
    assert (found.id, found.rent_usd_h, found.spot_usd_h) == ("t4", Decimal("0.5"), Decimal("0.1"))
    assert (found.rent_date, found.rent_source) == ("2026-11-01", "median of 3 offers, gpuhunt")


def test_a_device_that_is_offered_as_spot_alone_keeps_its_rent():
    assert refreshed(DEVICES, from_gpuhunt([item(spot=True)]), source="x", today=TODAY) == []


def test_a_catalogue_of_skypilot_is_read():
    text = HEADER + (
        "n1,,,8,30,0.38,0.1,us\n"
        "a2-1g,A100-80GB,1,12,170,5.0,1.5,us\n"
        "a2-8g,A100,8,96,680,29.6,,us\n"
        "g2,L4,1,4,16,0.7,0.2,us\n"
    )
    offers = read_skypilot(text, place="vms.csv")
    found = {it.id: it for it in refreshed(DEVICES, offers, source="SkyPilot", today=TODAY)}
    assert found["a100-sxm-80"].rent_usd_h == Decimal("5")
    assert found["a100-sxm-80"].spot_usd_h == Decimal("1.5")
    assert found["a100-sxm-40"].rent_usd_h == Decimal("3.7")
    assert found["l4"].rent_usd_h == Decimal("0.7")


def test_every_bad_number_of_a_catalogue_is_listed():
    text = HEADER + "a,T4,1,4,16,free,0.2,us\nb,T4,nan,4,16,0.5,-1,us\n"
    with pytest.raises(BadInput) as refused:
        read_skypilot(text, place="vms.csv")
    assert [problem.place for problem in refused.value.problems] == [
        "vms.csv line 2, Price",
        "vms.csv line 3, AcceleratorCount",
        "vms.csv line 3, SpotPrice",
    ]


def test_another_table_is_refused():
    with pytest.raises(BadInput, match="AcceleratorName"):
        read_skypilot("a,b\n1,2\n", place="x.csv")
