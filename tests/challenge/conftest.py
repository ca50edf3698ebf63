import re

import pytest


@pytest.fixture(scope="session")
def example(root) -> str:
    """The complete example of the reference page."""
    page = (root / "docs/reference/challenge-toml.md").read_text()
    return re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]
