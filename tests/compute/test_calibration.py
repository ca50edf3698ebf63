"""The probe of this machine."""

from datetime import date

from heldout.compute.calibration import MACHINE_ID, calibrate
from heldout.compute.devices import read_devices, write_devices


def test_this_machine_becomes_a_row_that_can_be_read_back():
    device = calibrate(today=date(2026, 5, 1), seconds_each=0.01)
    assert device.id == MACHINE_ID
    assert device.measured
    assert device.fp32_tflops > 0.0005
    assert device.bandwidth_gbs > 0.1
    assert device.memory_gb > 0.5
    assert read_devices(write_devices([device]), place="own") == [device]
