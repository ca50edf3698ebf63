import shutil
from pathlib import Path

import pytest
from django.utils import timezone

from heldout.site.challenges.models import Challenge
from heldout.site.challenges.services import publish

TEAMS = '[teams]\nlargest = 3\nmerge_until = "2098-06-01T00:00:00"\n'


@pytest.fixture
def revise(challenge, made, tmp_path):
    """Publish the challenge anew with something added to its `challenge.toml`, or replaced in it."""

    def revise(added: str = "", *, old: str = "", new: str = "", **pages: str) -> Challenge:
        folder = Path(tmp_path / "revised")
        if not folder.exists():
            shutil.copytree(made.folder, folder)
        file = folder / "challenge.toml"
        file.write_text(file.read_text().replace(old, new) + added)
        for name, text in pages.items():
            (folder / f"{name}.md").write_text(text)
        published = publish(source=folder, by=None, now=timezone.now())
        challenge.refresh_from_db()
        return published

    return revise


@pytest.fixture
def teamed(challenge, revise) -> Challenge:
    """The challenge with teams of up to three, which may merge."""
    return revise(TEAMS)
