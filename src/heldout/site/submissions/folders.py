from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from heldout.challenge.folder import Challenge, load
from heldout.site.common import objects


@lru_cache(maxsize=16)
def challenge_folder(folder: str) -> Challenge:
    """A revision's folder never changes, so its definition is read once per process."""
    return load(objects.fetch_folder(Path(settings.ANSWERS) / folder))
