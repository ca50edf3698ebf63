"""Fail unless `heldout demo --no-serve --json` printed five entrants, each with its interval."""

import json
import sys
from pathlib import Path

rows = json.loads(Path(sys.argv[1]).read_text())["leaderboard"]
if len(rows) != 5:
    sys.exit(f"The demo's leaderboard has {len(rows)} entrants, not 5.")
for row in rows:
    if not 0 <= row["low"] <= row["value"] <= row["high"] <= 1:
        sys.exit(f"{row['entrant']} has no interval around its score: {row}")
    print("{rank}  {entrant:24} {value:.4f} ({low:.4f} to {high:.4f})".format_map(row))
