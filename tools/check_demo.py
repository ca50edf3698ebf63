"""Fail unless `heldout demo --no-serve --json` printed five entrants, each with its interval."""

import json
import sys
from pathlib import Path

rows = json.loads(Path(sys.argv[1]).read_text())["leaderboard"]
for row in rows:
    if not 0 <= row["low"] <= row["value"] <= row["high"] <= 1:
        sys.exit(f"{row['entrant']} has no interval around its score: {row}")
if len(rows) != 5:
    sys.exit(f"The demo's leaderboard has {len(rows)} entrants, not 5.")
print("\n".join(f"{r['rank']}  {r['entrant']:24} {r['value']:.4f} ({r['low']:.4f} to {r['high']:.4f})" for r in rows))
