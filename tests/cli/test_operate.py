"""The commands of those who run a site."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from heldout.conf import SETTINGS

SEVERAL = """
import json, sys
from heldout.cli import main
for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as ended:
        print("exit", ended.code or 0, flush=True)
"""


@pytest.mark.timeout(240)
def test_a_site_is_examined_migrated_copied_and_made_again(tmp_path):
    site, archive, again = (str(tmp_path / name) for name in ("site", "site.tar", "again"))
    commands = [
        ["migrate", site],
        ["migrate", site],
        ["migrate", site, "--check"],
        ["doctor", site, "--json"],
        ["manage", site, "check", "--fail-level", "ERROR"],
        ["backup", site, "--to", archive],
        ["backup", site, "--to", archive],
        ["restore", archive, "--to", again],
        ["restore", archive, "--to", again],
        ["backup", site, "--to", str(tmp_path / "kept"), "--keep", "1"],
        ["backup", site, "--to", str(tmp_path / "other.tar"), "--keep", "1"],
    ]
    (tmp_path / "kept").mkdir()
    secret = "x" * 60
    ours = f"site-{hashlib.sha256(secret.encode()).hexdigest()[:8]}"
    older = tmp_path / f"kept/{ours}-2020-01-01T000000Z.tar"
    older.write_bytes(b"an older one")
    (tmp_path / "kept/site-00000000-2020-01-01T000000Z.tar").write_bytes(b"another site's")
    (tmp_path / "kept/mine").write_bytes(b"not a backup")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/secret").write_text(secret)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HELDOUT_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, json.dumps(commands)],
        env=clean,
        capture_output=True,
        text=True,
        timeout=200,
    )
    codes = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("exit")]
    assert codes[:3] == [0, 0, 0], done.stderr
    assert codes[4:] == [0, 0, 2, 0, 2, 0, 2], done.stderr
    assert "applied: accounts-0001_initial" in done.stderr
    assert "the database has the shape this version needs" in done.stderr
    assert "is there already; name a new file" in done.stderr
    assert "is not empty; name a new folder" in done.stderr
    assert f"{older}: deleted" in done.stderr
    assert "other.tar is no folder; name one in --to" in done.stderr
    kept = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert kept[:2] == ["mine", "site-00000000-2020-01-01T000000Z.tar"]
    assert len(kept) == 3
    assert kept[2].startswith(f"{ours}-20")
    assert "next: heldout serve" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "again/secret").read_text() == "x" * 60


def test_a_folder_without_a_site_is_refused(run, tmp_path):
    for command in ("doctor", "migrate", "manage"):
        refused = run(command, tmp_path / "none")
        assert refused.code == 2
        assert "there is no site here" in refused.err


def test_what_is_no_export_makes_no_site(run, tmp_path):
    (tmp_path / "backup.tar").write_bytes(b"ustar")
    refused = run("import", tmp_path / "backup.tar", "--to", tmp_path / "new")
    assert refused.code == 2
    assert f"{tmp_path / 'backup.tar'}: is no export" in refused.err
    assert not (tmp_path / "new").exists()


def test_settings_lists_every_one_and_hides_secrets(run, monkeypatch):
    monkeypatch.setenv("HELDOUT_SECRET_KEY", "hush-hush")
    monkeypatch.setenv("HELDOUT_SITE_NAME", "Ours")
    listed = run("settings", "--json")
    by_name = {row["name"]: row for row in listed.json}
    assert by_name.keys() == SETTINGS.keys()
    assert by_name["HELDOUT_SITE_NAME"]["value"] == "Ours"
    assert by_name["HELDOUT_SITE_NAME"]["set"]
    assert by_name["HELDOUT_SECRET_KEY"]["value"] == "(hidden)"
    assert "hush-hush" not in listed.out
    assert "HELDOUT_SITE_NAME" in run("settings").out


def test_a_bad_setting_is_told_by_its_name(run, monkeypatch):
    monkeypatch.setenv("HELDOUT_ATTEMPTS", "many")
    refused = run("settings")
    assert refused.code == 2
    assert "HELDOUT_ATTEMPTS" in refused.err
