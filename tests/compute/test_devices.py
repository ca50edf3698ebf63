"""The table of devices: every row readable, sourced, and its rates in the ratios that hold."""

from dataclasses import replace
from datetime import date

import pytest

from heldout.compute.device_rules import EXCEPTIONS, broken_rules
from heldout.compute.devices import (
    built_in_devices,
    dated,
    find_device,
    load_devices,
    read_devices,
    write_devices,
)
from heldout.errors import BadInput

DEVICES = built_in_devices()


def test_the_table_has_the_devices_people_ask_for():
    known = {device.id for device in DEVICES}
    assert len(known) == len(DEVICES) >= 80
    assert known >= {
        *("gtx1080ti", "titanrtx", "t4", "p4", "v100-sxm2-16", "a100-pcie-40", "a100-sxm-80"),
        *("h100-pcie", "h100-sxm", "h200-sxm", "b200", "mi300x", "tpuv4", "wse3"),
        *("jetson-nano", "jetson-tx2", "jetson-agx-orin", "apple-m1", "apple-a17-pro"),
    }


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
def test_rates_stand_in_the_ratios_of_dense_ones(device):
    if device.id in EXCEPTIONS:
        assert broken_rules(device), "the exception is no longer needed"
    else:
        assert broken_rules(device) == []


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
def test_every_row_has_a_source_a_confidence_and_a_dated_price(device):
    assert device.source
    assert device.confidence in {"high", "medium", "low"}
    if device.rent_usd_h is not None:
        assert device.rent_source
        assert dated(device.rent_date) is not None
    if device.street_price_usd is not None:
        assert dated(device.street_date) is not None


def test_a_sparse_rate_is_noticed():
    h100 = find_device("h100-sxm", DEVICES)
    sparse = replace(h100, bf16_tflops_dense=2 * h100.bf16_tflops_dense)
    assert any("bf16 over tf32" in sentence for sentence in broken_rules(sparse))


def test_the_table_written_and_read_is_the_same():
    assert tuple(read_devices(write_devices(DEVICES), place="table")) == DEVICES


def test_a_device_without_bf16_falls_back_to_what_it_has():
    t4, pascal = find_device("t4", DEVICES), find_device("gtx1080ti", DEVICES)
    assert t4.rate("bf16") == pytest.approx(65.1e12)
    assert pascal.rate("bf16") == pascal.rate("fp32") == pytest.approx(11.34e12)


def test_phones_and_inference_chips_do_not_train():
    assert not find_device("apple-a17-pro", DEVICES).trains
    assert not find_device("inferentia2", DEVICES).trains
    assert not find_device("coral-edge-tpu", DEVICES).trains
    assert find_device("t4", DEVICES).trains


def test_own_rows_are_added_and_replace_those_of_their_id(tmp_path):
    table = tmp_path / "devices.csv"
    own = replace(find_device("t4", DEVICES), memory_gb=15.0)
    table.write_text(write_devices([own, replace(own, id="mine")]))
    known = load_devices(table)
    assert find_device("t4", known).memory_gb == 15.0
    assert len(known) == len(DEVICES) + 1


def test_an_unknown_device_names_the_nearest():
    with pytest.raises(BadInput, match='did you mean "rtx4090"'):
        find_device("rtx409", DEVICES)


def test_every_bad_cell_of_a_table_is_listed_with_its_line():
    text = "id,memory_gb,bandwidth_gbs,source,rent_usd_h\nx,nan,100,me,\n,8,-3,me,free\n"
    with pytest.raises(BadInput) as refused:
        read_devices(text, place="own.csv")
    places = [problem.place for problem in refused.value.problems]
    assert places == [
        "own.csv line 2, memory_gb",
        "own.csv line 2, memory_gb",
        "own.csv line 3, bandwidth_gbs",
        "own.csv line 3, rent_usd_h",
        "own.csv line 3, id",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-17", date(2025, 3, 17)),
        ("2024-03", date(2024, 3, 28)),
        ("2020", date(2020, 12, 28)),
        ("", None),
        ("soon", None),
    ],
)
def test_a_date_may_be_a_month_or_a_year(text, expected):
    assert dated(text) == expected


def test_half_a_name_leads_to_all_devices_of_the_kind():
    with pytest.raises(BadInput, match="there are h100-pcie, h100-sxm, h100-nvl"):
        find_device("H100", built_in_devices())
