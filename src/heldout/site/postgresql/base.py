"""Django's backend for PostgreSQL, which can keep a statement's plan and asks less whether it is there.

Django fills the values into the text of each statement, so the server plans it anew every time, which
takes it longer than running it. Statements that are composed once are planned once per connection.
"""

from __future__ import annotations

import math
import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations
from django.utils.asyncio import async_unsafe

IDLE_SECONDS = 30.0


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """What Django logs, also of a statement whose values went apart from it."""
        return str(
            super().last_executed_query(cursor, sql, params) or self.compose_sql(sql, params)
        )


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _looked_at = -math.inf

    @async_unsafe
    def prepared_cursor(self) -> Any:
        """A cursor that sends values apart from the statement, whose plan the server keeps."""
        self.close_if_health_check_failed()
        with self.wrap_database_errors:
            self.ensure_connection()
            return self._prepare_cursor(psycopg.Cursor(self.connection))  # type: ignore[attr-defined]

    def is_usable(self) -> bool:
        """Listen instead of asking: a server that ends a connection says so, and has nothing else to say.

        One that was not used for long is asked: what stands between may have forgotten it in silence.
        """
        if self.connection is None or self.connection.closed:
            return False
        before, self._looked_at = self._looked_at, time.monotonic()
        if self._looked_at - before > IDLE_SECONDS:
            return super().is_usable()
        listening = select.poll()
        listening.register(self.connection.fileno(), select.POLLIN)
        return super().is_usable() if listening.poll(0) else True
