"""`heldout errors`: the worst examples, with filters, side by side and as a page with pictures."""

import pytest

TASK = ("--task", "image-classification")


@pytest.fixture
def errors(run, files):
    def errors(*options, names=("good",)):
        paths = [files / f"{name}.csv" for name in names]
        return run("errors", *paths, *TASK, "--references", files / "refs.csv", *options)

    return errors


def table(files, name):
    return dict(line.split(",")[:2] for line in (files / f"{name}.csv").read_text().split()[1:])


def test_wrong_examples_come_first_with_what_is_true_and_what_was_said(errors, files):
    truth, guess = table(files, "refs"), table(files, "good")
    wrong = {name for name in truth if truth[name] != guess[name]}
    found = errors("--most", str(len(wrong)), "--json").json
    assert {one["example_id"] for one in found["examples"]} == wrong
    first = found["examples"][0]
    assert first["reference"] == truth[first["example_id"]]
    assert first["answers"][0] == [guess[first["example_id"]], 0.0]
    assert set(first["columns"]) == {"ink"}


def test_filters_keep_a_group_and_a_class(errors, files):
    found = errors("--where", "ink=dark", "--where", "class=cat", "--most", "99", "--json").json
    truth = table(files, "refs")
    assert {one["columns"]["ink"] for one in found["examples"]} == {"dark"}
    assert {truth[one["example_id"]] for one in found["examples"]} == {"cat"}


def test_several_results_stand_side_by_side_and_differ_first(errors, files):
    ran = errors("--order", "disagreement", "--json", names=("good", "bad"))
    assert ran.json["entries"] == ["good", "bad"]
    values = [[value for _, value in one["answers"]] for one in ran.json["examples"]]
    assert all(one != other for one, other in values)
    told = errors("--order", "disagreement", names=("good", "bad"))
    assert told.out.split()[:6] == ["example", "true", "good", "accuracy", "bad", "accuracy"]
    assert "these are answers" in told.err


def test_everything_wrong_with_the_question_is_named(errors):
    ran = errors("--order", "best", "--where", "ink")
    assert ran.code == 2
    assert '--order: "best" is not worst or disagreement' in ran.err
    assert '--where: "ink" is not COLUMN=VALUE' in ran.err
    assert 'there is no column "inc"; did you mean "ink"?' in errors("--where", "inc=dark").err
    assert 'has no number "x"' in errors("--name", "x").err


def test_a_page_holds_the_pictures_and_nothing_from_outside_of_the_folder(errors, files, images):
    lines = (files / "refs.csv").read_text().splitlines()
    paths = ["image", *(f"images/{'cat' if i % 2 else 'dog'}/{i % 60}.png" for i in range(119))]
    rows = [f"{line},{path}" for line, path in zip(lines, [*paths, "../../etc/hosts"], strict=True)]
    (files / "refs.csv").write_text("\n".join(rows) + "\n")
    ran = errors("--most", "120", "--html", files / "errors.html")
    assert ran.code == 0
    page = (files / "errors.html").read_text()
    assert page.count("data:image/png;base64,") == 119
    assert (files / "errors.html").stat().st_mode & 0o777 == 0o600
