"""The custom task on the command line."""


def test_tables_of_ones_own_are_scored(run, tmp_path):
    refs, preds = tmp_path / "r.csv", tmp_path / "p.csv"
    refs.write_text("example_id,unit,weight,light\n1,kg,7,day\n2,lb,0.5,night\n")
    preds.write_text("example_id,weight,unit\n2,.5,lb\n1,8,kg\n")
    files = ("--references", refs, "--predictions", preds)
    ran = run("score", "--task", "custom", *files, "--subgroup", "light", "--json")
    assert ran.code == 0
    (one,) = ran.json["scores"]
    assert (one["metric"], one["value"], one["n"]) == ("exact-match", 0.5, 2)
    refused = run("score", "--task", "custom", *files)
    assert refused.code == 2
    assert 'there is no column "light"' in refused.err


def test_the_metrics_of_the_task_are_listed(run):
    ran = run("metrics", "--task", "custom", "--json")
    assert "exact-match" in ran.out
