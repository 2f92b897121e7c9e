"""What this API takes and gives, one struct each; the OpenAPI document is made from them.

Every answer has the same two fields: `success`, and `data`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

JobId = Annotated[
    str,
    Meta(
        description="The UUID of version 4 that the visitor made for this file.",
        extra_json_schema={"format": "uuid"},
    ),
]
FileStatus = Literal["uploaded", "processing", "completed", "failed"]


class Refusal(msgspec.Struct, frozen=True):
    """What went wrong: its name for programs, and a sentence for whoever reads it."""

    error: str
    message: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An error.

    Example: `{"success": false, "data": {"error": "ValidationError", "message": "File size exceeds 100MB limit."}}`
    """

    success: Literal[False] = False
    data: Refusal


class CsrfToken(msgspec.Struct, frozen=True):
    """The token that unsafe requests of the session send as `X-CSRF-Token`."""

    csrf_token: str


class SessionReply(msgspec.Struct, frozen=True, kw_only=True):
    """A session is there; the cookie `session_id` names it.

    Example: `{"success": true, "data": {"csrf_token": "pXH1eZ0nGq3lN0c3M4mW2m6T1h5bq7dS9tXkVYw8uJc"}}`
    """

    success: Literal[True] = True
    data: CsrfToken


class Message(msgspec.Struct, frozen=True):
    """A sentence."""

    message: str


class ClosedReply(msgspec.Struct, frozen=True, kw_only=True):
    """The session is over.

    Example: `{"success": true, "data": {"message": "Session closed and cleaned up."}}`
    """

    success: Literal[True] = True
    data: Message = Message("Session closed and cleaned up.")


# --- files ------------------------------------------------------------------------------------------------------------


class UploadedFile(msgspec.Struct, frozen=True):
    """A file that was taken in."""

    job_id: JobId
    status: Literal["uploaded"] = "uploaded"


class UploadReply(msgspec.Struct, frozen=True, kw_only=True):
    """The file is there.

    Example: `{"success": true, "data": {"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a", "status": "uploaded"}}`
    """

    success: Literal[True] = True
    data: UploadedFile


class Conversion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file shall become.

    Example: `{"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a", "target_format": "pdf"}`
    """

    job_id: JobId
    target_format: Annotated[str, Meta(description="One of those that GET /convert/formats lists for the file's.")]


class WhichFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file is meant.

    Example: `{"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a"}`
    """

    job_id: JobId


class QueuedConversion(msgspec.Struct, frozen=True):
    """A conversion that is on its way; `task_id` is the job's id in every other API."""

    job_id: JobId
    task_id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    status: Literal["processing"] = "processing"


class ConversionReply(msgspec.Struct, frozen=True, kw_only=True):
    """The conversion is queued.

    Example: `{"success": true, "data": {"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a", "task_id":
    "d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f", "status": "processing"}}`
    """

    success: Literal[True] = True
    data: QueuedConversion


class FileStanding(msgspec.Struct, frozen=True):
    """How a file stands. `error_message` is there once it has failed, `completed_at` once it is completed."""

    status: FileStatus
    error_message: str | None
    completed_at: Annotated[str | None, Meta(description="UTC, to the minute: `2025-06-09T13:00Z`.")]


class StatusReply(msgspec.Struct, frozen=True, kw_only=True):
    """How the file stands.

    Example: `{"success": true, "data": {"status": "completed", "error_message": null, "completed_at":
    "2025-06-09T13:00Z"}}`
    """

    success: Literal[True] = True
    data: FileStanding


class Progress(msgspec.Struct, frozen=True):
    """How far a conversion is: from 0 to 1; and its place in the queue, null where it does not wait."""

    progress: Annotated[float, Meta(ge=0, le=1)]
    queue_position: int | None


class ProgressReply(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is.

    Example: `{"success": true, "data": {"progress": 0.0, "queue_position": 3}}`
    """

    success: Literal[True] = True
    data: Progress


class DownloadToken(msgspec.Struct, frozen=True):
    """A token that opens one download."""

    download_token: str


class TokenReply(msgspec.Struct, frozen=True, kw_only=True):
    """The token, good for one download within ten minutes.

    Example: `{"success": true, "data": {"download_token": "q8bWm3J5yH0oQ7cXkz0n2n5r0pP3m1yTgkX9s8aVbLw"}}`
    """

    success: Literal[True] = True
    data: DownloadToken


class Offer(msgspec.Struct, frozen=True):
    """What can be converted at the moment: by source all targets; and how many bytes a file may have."""

    formats: dict[str, list[str]]
    max_size_bytes: int


class FormatsReply(msgspec.Struct, frozen=True, kw_only=True):
    """What can be converted.

    Example: `{"success": true, "data": {"formats": {"csv": ["xlsx", "parquet"]}, "max_size_bytes": 104857600}}`
    """

    success: Literal[True] = True
    data: Offer


class Health(msgspec.Struct, frozen=True):
    """The service takes and converts files."""

    status: Literal["ok"] = "ok"


class HealthReply(msgspec.Struct, frozen=True, kw_only=True):
    """All is well.

    Example: `{"success": true, "data": {"status": "ok"}}`
    """

    success: Literal[True] = True
    data: Health = Health()


STRUCTS = (
    Refused,
    SessionReply,
    ClosedReply,
    UploadReply,
    Conversion,
    ConversionReply,
    WhichFile,
    StatusReply,
    ProgressReply,
    TokenReply,
    FormatsReply,
    HealthReply,
)
"""Every struct on the wire; those inside them come along."""
