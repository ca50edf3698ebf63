from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

# The parts of a form around its file.
FORM_OVERHEAD = 100_000


def stream(upload: UploadedFile[Any]) -> BinaryIO:
    """The open file behind an upload."""
    return cast("BinaryIO", upload.file)


class LimitedUpload(TemporaryFileUploadHandler):
    """Writes an upload to disk as it arrives, and drops the connection past the size limit."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *rest: Any) -> None:
        self.limit = max(settings.HELDOUT.upload_limit, settings.HELDOUT.challenge_limit)
        if content_length > self.limit + FORM_OVERHEAD:
            raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > self.limit:
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)
