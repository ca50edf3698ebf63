"""The shapes several routes of the API share."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

# The number of a row in an address; none is larger in any database.
RowId = Annotated[int, Field(ge=0, lt=2**31)]


class ProblemOut(Schema):
    """One thing that is wrong: where, what, and the way out."""

    place: str
    message: str
    remedy: str


class Problems(Schema):
    """Every refusal of the API looks like this."""

    problems: list[ProblemOut]


# Said of a route that answers with a file.
FILE = {
    "responses": {200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
}
INVALID: dict[Any, Any] = {422: Problems}
MISSING: dict[Any, Any] = {404: Problems}
REFUSED: dict[Any, Any] = dict.fromkeys((401, 403, 404, 409, 422), Problems)
