"""Keep a small site of this release, for the test that the next release starts from it.

python tools/write_release.py writes tests/site/releases/VERSION.tar.xz; run it once per release.
"""

from __future__ import annotations

import io
import lzma
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


def fill(scratch: Path) -> Path:
    """Make a site with a challenge, two people and three scored submissions."""
    import numpy as np

    from benchmarks.site_running import write_challenge
    from heldout.site.setup import prepare

    labels = write_challenge(scratch / "bench", examples=40, rng=np.random.default_rng(1))
    prepare(scratch / "site")
    from django.utils import timezone

    from heldout.site.accounts.services import create_user
    from heldout.site.challenges.services import accept_terms, join, publish
    from heldout.site.submissions.services import submit
    from heldout.site.worker import drain

    challenge = publish(source=scratch / "bench", by=None, now=timezone.now())
    phase = challenge.phases.select_related("challenge__current").get()
    people = {one: create_user(email=f"{one}@example.org", handle=one) for one in ("ada", "bob")}
    for handle, hits in (("ada", 30), ("ada", 20), ("bob", 25)):
        user = people[handle]
        entrant = join(challenge=challenge, user=user, now=timezone.now())
        digest = challenge.revision.terms_digest
        accept_terms(challenge=challenge, user=user, terms_digest=digest, now=timezone.now())
        rows = [f"e{n},{label if n < hits else 'class-0'}" for n, label in enumerate(labels)]
        upload = io.BytesIO("\n".join(["example_id,prediction", *rows, ""]).encode())
        submit(
            phase=phase, entrant=entrant, by=user, upload=upload, filename="predictions.csv",
            now=timezone.now(),
        )  # fmt: skip
    drain()
    return scratch / "site"


def main() -> None:
    from heldout import __version__
    from heldout.site.backup import backup

    with tempfile.TemporaryDirectory() as scratch:
        fill(Path(scratch))
        from django.utils import timezone

        archive = Path(scratch) / "site.tar"
        backup(archive, now=timezone.now())
        target = ROOT / f"tests/site/releases/{__version__}.tar.xz"
        target.write_bytes(lzma.compress(archive.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
        print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
