"""`heldout plan`, `devices`, `cost` and `explain`, as a person or a script runs them."""

import json
import math

import pytest

from heldout.cli import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command line; return (exit code, stdout, stderr)."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run_command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run_command


@pytest.fixture
def run_json(run):
    """Run a command with --json; return (exit code, document)."""

    def run_command(*arguments):
        code, out, _ = run(*arguments, "--json")
        return code, json.loads(out)

    return run_command


FORMULA = ("plan", "--params", "100e6", "--activations", "10e6", "--input-bytes", "1e6")


def test_the_formula_needs_no_model(run_json):
    code, plan = run_json(*FORMULA, "--batch", "128")
    assert code == 0
    assert plan["memory"]["training"]["peak_bytes"] == 11_568_000_000
    assert plan["memory"]["inference"]["peak_bytes"] == 401_000_000
    fits = {row["id"]: row["fits"] for row in plan["devices"]}
    assert (fits["gtx1080ti"], fits["t4"]) == ("no", "yes")


@pytest.mark.parametrize(("device", "code"), [("gtx1080ti", 1), ("t4", 0)])
def test_the_exit_code_says_whether_it_fits_the_device(run_json, device, code):
    ended, plan = run_json(*FORMULA, "--batch", "128", "--device", device)
    assert ended == code
    assert plan["fits"] == ("no" if code else "yes")


def test_the_lecture_perceptron_is_counted(run_json):
    _, plan = run_json("plan", "mlp", "--layers", "3-4-2")
    assert plan["parameters"] == {"total": 26, "trainable": 26, "weights": 20, "biases": 6}
    assert plan["macs"] == 20
    assert plan["uncounted"] == {}


def test_a_plan_is_printed_for_people(run):
    code, out, err = run("plan", "mlp", "--batch", "32", "--dataset-size", "60000")
    assert code == 0
    assert "269,322" in out
    assert "Tesla T4" in out
    assert "one MAC is two FLOPs" in err


def test_few_devices_are_shown_unless_all_are_asked_for(run):
    few, every = (run(*FORMULA, "--batch", "128", *more)[1] for more in ((), ("--all-devices",)))
    rows = [len([line for line in out.splitlines() if " yes " in line]) for out in (few, every)]
    sizes = {line.split("yes")[1].split()[0] for line in few.splitlines() if " yes " in line}
    assert rows[0] == len(sizes) < 20 < rows[1]
    assert f"--all-devices lists {sum(rows[1:]) - rows[0]} more" in few
    assert "--all-devices" not in every


def test_a_named_model_with_its_usual_input_is_not_traced_again(run_json, monkeypatch):
    _, usual = run_json("plan", "lenet", "--batch", "8")
    monkeypatch.setattr("heldout.compute.loading.load_model", None)
    _, told = run_json("plan", "lenet", "--batch", "8", "--input", "1x32x32")
    assert told == usual


@pytest.mark.parametrize(("option", "start"), [("--markdown", "### "), ("--html", "<section")])
def test_a_block_for_a_model_card_is_printed(run, option, start):
    code, out, _ = run("plan", "mlp", option)
    assert code == 0
    assert out.startswith(start)


def test_a_trace_is_saved_and_planned_from_elsewhere(run_json, tmp_path):
    file = str(tmp_path / "mlp.json")
    _, traced = run_json("plan", "mlp", "--batch", "16", "--save-trace", file)
    code, recorded = run_json("plan", "--from-trace", file, "--batch", "16")
    assert code == 0
    assert recorded["memory"] == traced["memory"]
    assert recorded["flops"] == traced["flops"]


def test_without_torch_named_models_are_planned_from_their_traces(run, run_json, monkeypatch):
    _, traced = run_json("plan", "lenet", "--batch", "8")
    monkeypatch.setattr("heldout.compute.loading.has_torch", lambda: False)
    code, recorded = run_json("plan", "lenet", "--batch", "8")
    assert code == 0
    assert recorded["memory"] == traced["memory"]
    code, _, err = run("plan", "mypackage:factory", "--input", "8")
    assert code == 2
    assert "pip install 'heldout[train]'" in err


def test_every_bad_option_is_told_at_once(run):
    code, _, err = run("plan", "mlp", "--batch", "0", "--optimizer", "admw", "--precision", "bf15")
    assert code == 2
    for text in ("--batch: 0 is too small", 'did you mean "adamw"?', 'did you mean "bf16"?'):
        assert text in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("plan",), "there is nothing to plan"),
        (("plan", "resnet5"), 'did you mean "resnet50"?'),
        (("plan", "mlp", "--device", "rtx409"), 'did you mean "rtx4090"?'),
        (("plan", "mlp", "--input", "3x"), '"3x" is not a shape'),
        (("plan", "mlp", "--layers", "3-x"), "are no widths"),
        (("plan", "mlp", "--dataset-size", "-5"), "--dataset-size: -5 is too small"),
        (("plan", "mlp", "--epochs", "0"), "--epochs: 0 is too small"),
        (("plan", "mlp", "--electricity", "nan"), '"nan" is not an amount'),
        (("plan", "mlp", "--utilisation", "2"), '"2" is not a share'),
        (("plan", "mlp", "--pue", "0.5"), "0.5 is impossible"),
        (("plan", "mlp", "--grid", "DEE"), "no carbon intensity is known"),
        (("plan", "mlp", "--accumulation", "9"), "a batch of 1 has no 9 parts"),
        (("plan", "--params", "nan"), "--params: nan is not a size"),
        (("plan", "--from-trace", "/no/such/file"), "no such file"),
        (("cost",), "there is no price"),
        (("cost", "--rent", "nan", "--hours", "-3"), '--hours: "-3" is not an amount'),
        (("explain", "float", "x"), "is not a finite number"),
        (("explain", "convolution", "--signal", "1,a", "--kernel", "2"), "are no numbers"),
    ],
)
def test_bad_input_ends_with_a_sentence_and_code_two(run, arguments, text):
    code, _, err = run(*arguments)
    assert code == 2
    assert text in err


def test_problems_are_json_where_json_was_asked_for(run_json):
    code, answer = run_json("plan", "resnet5")
    assert code == 2
    assert answer["problems"][0]["place"] == "model"


def test_renting_is_compared_with_buying(run_json):
    _, plain = run_json("cost", "--buy", "40000", "--rent", "2.49", "--hours", "720")
    assert round(plain["break_even_hours"]) == 16_064
    assert plain["rent_usd"] == 1792.80
    power = ("--watts", "350", "--electricity", "0.17", "--utilisation", "1.0")
    _, powered = run_json("cost", "--buy", "40000", "--rent", "2.49", *power)
    assert round(powered["break_even_hours"]) == 16_458


def test_the_bill_is_told_in_words(run):
    _, out, _ = run("cost", "--buy", "40000", "--rent", "2.49", "--hours", "720", "--watts", "350")
    lines = [" ".join(line.split()) for line in out.splitlines() if line.strip()]
    assert lines == [
        "Buying has paid after 16,064 hours, 1.8 years day and night",
        "Renting for 720 hours $1,792.80",
        "Owning for 720 hours $40,000.00",
    ]
    _, out, _ = run("cost", "--rent", "2.49")
    assert "--hours for the whole cost" in out


def test_buying_that_never_pays_says_why(run_json):
    arguments = ("--buy", "100", "--rent", "0.1", "--watts", "1000", "--electricity", "0.2")
    _, answer = run_json("cost", *arguments)
    assert answer["break_even_hours"] is None
    assert "never pays" in answer["reason"]


def test_a_month_of_sustained_use_is_discounted(run_json):
    _, answer = run_json("cost", "--rent", "0.35", "--hours", "730", "--sustained-use")
    assert answer["rent_usd"] == 178.85


def test_the_devices_are_listed_with_their_sources(run, run_json):
    _, answer = run_json("devices")
    assert len(answer["devices"]) >= 80
    assert all(row["source"] for row in answer["devices"])
    code, out, _ = run("devices", "--class", "embedded")
    assert code == 0
    assert "jetson-nano" in out
    assert "h100-sxm" not in out


def test_trends_are_drawn_from_a_table_of_epoch_ai(run_json, tmp_path):
    table = tmp_path / "epoch.csv"
    table.write_text(
        "Model,Publication date,Training compute (FLOP)\nA,2020-01-01,1e20\nB,2022-01-01,1e22\n"
    )
    code, answer = run_json("devices", "import-epoch", str(table), "--out", str(tmp_path / "out"))
    assert code == 0
    assert answer["growth_per_year"] == pytest.approx(10)
    assert len(answer["plots"]) == 3


def test_a_number_is_explained_bit_by_bit(run_json):
    _, answer = run_json("explain", "float", "123.456", "--format", "fp32")
    assert answer["hexadecimal"] == "0x42F6E979"
    assert answer["value"] == 123.45600128173828
    _, negative = run_json("explain", "float", "-0.1", "--format", "bf16")
    assert negative["sign"] == "1"


def test_every_format_has_its_range(run_json):
    _, answer = run_json("explain", "formats")
    ranges = {row["format"]: row["largest"] for row in answer["formats"]}
    assert ranges["fp16"] == 65504
    assert ranges["fp8e4m3"] == 448
    assert math.isclose(ranges["fp32"], 3.4028234663852886e38)


def test_a_convolution_is_explained_as_a_product(run_json):
    _, answer = run_json("explain", "convolution", "--signal", "1,2,3,4,5", "--kernel", "2,3,5")
    assert answer["result"] == [5, 13, 23, 33, 43, 23, 10]
    assert answer["macs"] == 15


def test_calibration_writes_this_machine_beside_other_rows(run, run_json, tmp_path, monkeypatch):
    from heldout.compute import calibration

    monkeypatch.setattr(calibration, "SECONDS_EACH", 0.01)
    measure = calibration.calibrate
    monkeypatch.setattr(
        calibration, "calibrate", lambda *, today: measure(today=today, seconds_each=0.01)
    )
    table = tmp_path / "devices.csv"
    for _ in range(2):
        code, _, err = run("plan", "--calibrate", "--device-table", str(table))
        assert code == 0
        assert "wrote this-machine" in err
    assert table.read_text().count("this-machine") == 1
    _, plan = run_json(
        *("plan", "mlp", "--dataset-size", "60000"),
        *("--device-table", str(table), "--device", "this-machine"),
    )
    (row,) = [row for row in plan["devices"] if row["id"] == "this-machine"]
    assert row["hours"]["mid"] > 0


def test_rents_of_a_catalogue_are_kept_and_used(run, run_json, tmp_path):
    catalogue = tmp_path / "vms.csv"
    catalogue.write_text(
        "AcceleratorName,AcceleratorCount,Price,SpotPrice,Region\nT4,2,1.00,,us\nT4,1,0.70,,eu\n"
    )
    code, out, said = run("devices", "refresh", str(catalogue))
    assert (code, "t4" in out) == (0, True)
    assert "rents written to" in said
    _, document = run_json("devices")
    (t4,) = [row for row in document["devices"] if row["id"] == "t4"]
    assert t4["rent_usd_h"] == 0.6
    assert t4["rent_source"] == "median of 2 offers, SkyPilot catalogue vms.csv"


def test_a_catalogue_without_a_known_device_writes_nothing(run, tmp_path):
    catalogue = tmp_path / "vms.csv"
    catalogue.write_text("AcceleratorName,AcceleratorCount,Price,SpotPrice\nVoodoo2,1,1,1\n")
    code, _, said = run("devices", "refresh", str(catalogue))
    assert code == 2
    assert "offers no device we know" in said
    assert not (tmp_path / "config").exists()


def test_the_trends_of_landmark_models_are_drawn(run_json, tmp_path):
    code, document = run_json("devices", "trends", "--out", str(tmp_path / "plots"))
    names = {path.rsplit("/", 1)[1] for path in document["plots"]}
    assert code == 0
    assert names == {"training-compute.svg", "training-cost.svg", "flop-per-dollar.svg"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--buy", "100", "--rent", "0"], "never pays: renting costs nothing"),
        (
            ["--buy", "9", "--rent", "0.01", "--watts", "350", "--electricity", "1"],
            "never pays: the electricity costs at least the rent",
        ),
        (["--rent", "2"], "--hours for the whole cost"),
    ],
)
def test_what_cannot_be_reckoned_of_a_bill_is_told(run, arguments, text):
    assert text in " ".join(run("cost", *arguments)[1].split())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--buy", "1e400", "--rent", "2"], '"1e400" is beyond all reckoning'),
        (["--buy", "100", "--rent", "2", "--resale", "200"], "--resale: 200 is more than --buy"),
    ],
)
def test_an_impossible_amount_is_refused(run, arguments, text):
    code, _, err = run("cost", *arguments)
    assert code == 2
    assert text in err


def test_one_fault_of_a_share_is_told_once(run):
    code, _, err = run("cost", "--buy", "1", "--rent", "1", "--utilisation", "30%")
    assert code == 2
    assert err.count("--utilisation") == 1


def test_without_a_data_set_the_time_of_one_step_is_shown(run):
    _, out, _ = run("plan", "resnet50", "--batch", "64")
    assert "One step" in out
    assert "ms" in out
    assert "Hours" not in out


def test_where_nothing_fits_there_is_no_empty_table(run):
    _, out, _ = run("plan", "gpt2", "--batch", "1000000")
    assert "1,228.63 TB (1,117.44 TiB)" in out
    assert "Largest batch" not in out
    assert "It fits 0 of" in out


def test_several_workers_without_more_words_are_data_parallel(run_json):
    _, plan = run_json("plan", "resnet18", "--workers", "2", "--batch", "4")
    assert plan["setup"]["sharding"] == "ddp"
    _, alone = run_json("plan", "resnet18", "--sharding", "zero1", "--batch", "4")
    assert "zero1 divides nothing, for there is one worker." in alone["assumptions"]
