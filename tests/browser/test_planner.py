"""What training takes, planned in the browser by somebody nobody knows."""

import pytest
from playwright.sync_api import expect

from heldout.compute.setup import Variant
from heldout.compute.trace_files import shipped_trace, write_trace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def check_answer(page):
    plots = page.locator("figure.plot .large-screen svg[role=img]")
    expect(plots.first).to_be_visible()
    assert "Activations" in plots.first.locator("desc").text_content()
    expect(page.get_by_role("rowheader")).to_have_count(20)
    return plots


def test_a_known_model_is_planned_with_its_memory_devices_and_costs(page, site):
    page.goto(site.url("/planner/"))
    page.get_by_label("Model", exact=True).select_option("resnet18")
    page.get_by_label("Batch size").fill("256")
    page.get_by_label("Training examples").fill("1281167")
    page.get_by_role("combobox", name="Device").select_option("h100-pcie")
    page.get_by_role("button", name="Plan").click()
    expect(page.get_by_role("heading", name="It fits on H100 PCIe 80GB")).to_be_visible()
    plots = check_answer(page)
    expect(page.get_by_role("heading", name="Rent or buy")).to_be_visible()
    expect(plots).to_have_count(2)
    assert "as much as buying" in plots.nth(1).locator("desc").text_content()


def test_all_of_it_works_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url("/planner/formula/"))
    page.get_by_role("combobox", name="Device").select_option("gtx1080ti")
    page.get_by_role("button", name="Plan").click()
    expect(
        page.get_by_role("heading", name="It does not fit on GeForce GTX 1080 Ti")
    ).to_be_visible()
    page.goto(site.url("/planner/numbers/"))
    expect(page.get_by_text("0x42F6E979")).to_be_visible()
    context.close()


def test_a_trace_of_ones_own_is_uploaded_and_planned(page, site, tmp_path):
    trace = tmp_path / "mine.json"
    trace.write_bytes(write_trace(shipped_trace("lenet"), [Variant()]))
    page.goto(site.url("/planner/trace/"))
    page.get_by_label("Trace file").set_input_files(trace)
    page.get_by_label("Batch size").fill("64")
    page.get_by_role("button", name="Plan").click()
    expect(page.get_by_role("heading", name="It fits on")).to_be_visible()
    expect(page.get_by_text("lenet")).to_be_visible()


def test_another_file_is_refused_with_the_way_out(page, site, tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"weights": []}')
    page.goto(site.url("/planner/trace/"))
    page.get_by_label("Trace file").set_input_files(other)
    page.get_by_role("button", name="Plan").click()
    expect(page.get_by_role("alert")).to_contain_text("--save-trace")
