import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from heldout.challenge.evaluate import evaluate
from heldout.challenge.folder import load
from heldout.challenge.parsing import parse_definition
from heldout.challenge.parts import public_examples, report_part
from heldout.errors import BadInput

CLASSES = ("cat", "dog", "bird")
TOML = """
[challenge]
id = "cats"
title = "Cats"
task = "tabular-classification"
classes = ["cat", "dog", "bird"]
[data]
subgroups = ["light"]
smallest_group = 10
along = ["hour"]
pairs = ["scene", "light"]
[[metrics]]
id = "accuracy"
primary = true
[[metrics]]
id = "balanced-accuracy"
[[phases]]
id = "test"
split = "test"
opens = 2020-01-01T00:00:00Z
closes = 2099-01-01T00:00:00Z
reveal = ["score", "interval", "subgroups", "per-class"]
"""


def test_the_share_is_exact_and_the_same_for_the_same_seed():
    ids = [f"e{number}" for number in range(1000)]
    public = public_examples(ids, share=0.3, seed=7)
    assert public.sum() == 300
    assert (public == public_examples(ids, share=0.3, seed=7)).all()
    assert (public != public_examples(ids, share=0.3, seed=8)).any()


def test_who_is_public_does_not_depend_on_the_order_of_the_examples():
    ids = np.array([f"e{number}" for number in range(100)])
    turned = ids[::-1]
    assert (
        (public_examples(ids, share=0.5, seed=1)[::-1]).tolist()
        == public_examples(turned, share=0.5, seed=1).tolist()
    )


def test_examples_of_one_cluster_stay_on_one_side():
    writers = np.repeat([f"w{number}" for number in range(40)], 5)
    public = public_examples(writers, share=0.5, seed=3).reshape(40, 5)
    assert set(public.sum(axis=1)) == {0, 5}


def test_neither_side_is_empty_where_there_are_two_units():
    assert public_examples(["a", "b"], share=0.01, seed=0).sum() == 1
    assert public_examples(["a", "b"], share=0.99, seed=0).sum() == 1


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A challenge of 90 examples, predictions, and what scoring them gave."""
    root = tmp_path_factory.mktemp("parts")
    rng = np.random.default_rng(5)
    ids = [f"e{number:02}" for number in range(90)]
    truth = [CLASSES[number % 3] for number in range(90)]
    given = [label if rng.random() < 0.7 else "bird" for label in truth]
    light = ["day" if number % 2 else "night" for number in range(90)]
    for folder in ("data", "answers"):
        (root / folder).mkdir()
    more = {"hour": range(90), "scene": [number // 2 for number in range(90)]}
    pl.DataFrame({"example_id": ids, "light": light, **more}).write_parquet(
        root / "data/test.parquet"
    )
    pl.DataFrame({"example_id": ids, "reference": truth}).write_csv(root / "answers/test.csv")
    pl.DataFrame({"example_id": ids, "prediction": given}).write_csv(root / "mine.csv")
    (root / "challenge.toml").write_text(TOML)
    challenge = load(root)
    result = evaluate(challenge, phase="test", predictions=root / "mine.csv")
    keep = public_examples(ids, share=0.5, seed=1)
    return challenge, result, keep, pl.DataFrame({"t": truth, "g": given, "light": light})


def test_scores_of_a_part_agree_with_scikit_learn(scored):
    challenge, result, keep, table = scored
    phase = challenge.phase("test")
    found = report_part(challenge, phase, stats=result.stats, keep=keep)
    part = table.filter(pl.Series(keep))
    values = {score.name: score.value for score in found.scores}
    assert found.n == 45
    assert values["accuracy"] == pytest.approx(accuracy_score(part["t"], part["g"]))
    assert values["balanced-accuracy"] == pytest.approx(
        balanced_accuracy_score(part["t"], part["g"])
    )


def test_subgroups_and_classes_of_a_part_count_its_examples_alone(scored):
    challenge, result, keep, table = scored
    phase = challenge.phase("test")
    found = report_part(challenge, phase, stats=result.stats, keep=keep)
    part = table.filter(pl.Series(keep))
    cats = next(row for row in found.per_class if row.subgroup == {"class": "cat"})
    only = part.filter(pl.col("t") == "cat")
    assert cats.n in (None, len(only))
    if cats.value is not None:
        assert cats.value == pytest.approx((only["t"] == only["g"]).mean())
    assert sum(row.n or 0 for row in found.subgroups) <= 2 * 45


def test_everything_kept_is_the_whole(scored):
    challenge, result, *_ = scored
    phase = challenge.phase("test")
    whole = report_part(challenge, phase, stats=result.stats, keep=np.ones(90, dtype=bool))
    for part in ("scores", "subgroups", "per_class", "disparities", "profiles"):
        assert getattr(whole, part) == getattr(result.report, part), part


def test_a_part_has_its_gaps_between_groups_and_its_curves(scored):
    challenge, result, keep, table = scored
    found = report_part(challenge, challenge.phase("test"), stats=result.stats, keep=keep)
    assert {one.metric for one in found.disparities} == {"accuracy", "balanced-accuracy"}
    assert {(one.column, one.metric) for one in found.profiles} == {
        ("hour", "accuracy"),
        ("hour", "balanced-accuracy"),
    }
    part = table.filter(pl.Series(keep))
    right = part.group_by("light").agg((pl.col("t") == pl.col("g")).mean())
    widest = right["t"].max() - right["t"].min()
    assert found.disparities[0].gap.observed == pytest.approx(widest)


def test_pairs_a_challenge_names_are_compared(scored):
    _, result, _, table = scored
    (found, _) = result.report.counterfactuals
    own = table.filter(pl.col("light") == found.first)
    assert (found.attribute, found.n) == ("light", 45)
    assert found.value_first == pytest.approx((own["t"] == own["g"]).mean())


def test_thresholdout_needs_a_share_to_compare_with():
    with pytest.raises(BadInput, match=r"add public_share = 0\.5"):
        parse_definition(TOML + 'guard = "thresholdout"\n')
