"""Tables of references and predictions, in any format of tables."""

from __future__ import annotations

from pathlib import Path

from heldout.datasets.tables import FORMATS, Table, format_of
from heldout.errors import BadInput, Problem, Problems

__all__ = ["Table", "read_table"]


def read_table(path: Path) -> Table:
    """Read a table by the ending of its name.

    Raises:
        BadInput: The file is absent, empty, of an unknown kind or damaged; with places.
    """
    form = format_of(path.suffix)
    if form is None:
        *others, last = (f"{one.title} ({one.suffixes[0]})" for one in FORMATS)
        remedy = f"give {', '.join(others)} or {last}"
        raise BadInput([Problem(path.name, "the ending of the name is not known", remedy)])
    if not path.is_file():
        raise BadInput([Problem(path.name, "there is no such file", "look at the path")])
    problems = Problems()
    table = form.read(path, problems)
    problems.refuse_if_any()
    if table is None or table.frame.is_empty():
        raise BadInput([Problem(path.name, "the file has no rows", "write a row per example")])
    return table
