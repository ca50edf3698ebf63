"""Fail unless `heldout demo --no-serve --json` ranked five entrants and its planted faults are found.

Arguments: the JSON it printed, and the demo's folder.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def heldout(*arguments: str | Path, code: int = 0) -> Any:
    command = Path(sys.executable).with_name("heldout")
    ran = subprocess.run([command, *arguments, "--json"], capture_output=True, text=True)
    if ran.returncode != code:
        sys.exit(f"heldout {arguments[0]} ended with {ran.returncode}, not {code}: {ran.stderr}")
    return json.loads(ran.stdout)


def expect(found: object, planted: object, what: str) -> None:
    if found != planted:
        sys.exit(f"{what}: {planted} planted, {found} found")
    print(f"{what}: {found}")


board, demo = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
rows = board["leaderboard"]
if len(rows) != 5:
    sys.exit(f"The demo's leaderboard has {len(rows)} entrants, not 5.")
for row in rows:
    if not 0 <= row["low"] <= row["value"] <= row["high"] <= 1:
        sys.exit(f"{row['entrant']} has no interval around its score: {row}")
    print("{rank}  {entrant:24} {value:.4f} ({low:.4f} to {high:.4f})".format_map(row))

homes = demo / "homes"
(pair,) = heldout("leaks", homes, code=1)["pairs"]
expect(pair["by_tier"], {"same bytes": 4, "same picture": 12, "same group": 9}, "leaks")
found = {one["id"]: one for one in heldout("profile", homes)["statistics"]}
expect(found["missing-fields"]["table"][0]["missing"], 14, "without a licence")
conflicts = [row["examples"] for row in found["licence-conflicts"]["table"] if row["conflict"]]
expect(conflicts, [9], "licences that contradict")
gap = "No example's income lies between 300 and 900, a factor of 3.0."
expect(found["quantiles"]["alarms"][0], gap, "incomes")
expect(len(heldout("check", homes)["notes"]), 4, "notes of heldout check")
expect(len(heldout("leaderboard", "homes", "--site", demo / "site")["leaderboard"]), 2, "entrants")
