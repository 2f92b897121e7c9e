"""What this API takes and gives, one struct each; the OpenAPI document is made from them.

A `check` refuses values that have the right shape and are impossible (422); it runs once the shape is decoded (400).
The structs of new jobs stand in `new_jobs`, those of plans in `planning`, of uploads and downloads in `transfers`.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from filemill.accounts import emails, passwords
from filemill.apis.data.new_jobs import NewJob
from filemill.apis.data.planning import NewPlan, PlanReply
from filemill.apis.data.transfers import (
    DownloadUrl,
    FinishedParts,
    MultipartOpened,
    SignedParts,
    Uploaded,
    UploadedParts,
    UploadUrl,
    WantedParts,
    WhichInput,
    WhichOutput,
)
from filemill.jobs.job import Status

DateTime = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to be made. The password has 8 to 200 characters.

    Example: `{"email": "user@example.com", "password": "securepassword123"}`
    """

    email: Annotated[str, Meta(extra_json_schema={"format": "email", "maxLength": emails.LONGEST})]
    password: Annotated[
        str,
        Meta(
            description=f"{passwords.SHORTEST} to {passwords.LONGEST} characters.",
            extra_json_schema={
                "format": "password",
                "minLength": passwords.SHORTEST,
                "maxLength": passwords.LONGEST,
            },
        ),
    ]


class AccountReply(msgspec.Struct, frozen=True):
    """An account.

    Example: `{"id": "c1f7a2b9-e3d4-4f5c-8a1b-0e9d8f7c6b5a", "email": "user@example.com"}`
    """

    id: Id
    email: str


class Credentials(msgspec.Struct, frozen=True):
    """The form of a sign-in: `username` is the e-mail. What else OAuth2's password flow sends is passed over.

    Example: `{"username": "user@example.com", "password": "securepassword123"}`
    """

    username: str
    password: Annotated[str, Meta(extra_json_schema={"format": "password"})]


class Token(msgspec.Struct, frozen=True):
    """An access token, to be sent as `Authorization: Bearer ...`; it is valid for 12 hours.

    Example: `{"access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", "token_type": "bearer"}`
    """

    access_token: str
    token_type: str = "bearer"  # noqa: S105 -- a scheme, no secret


class JobReply(msgspec.Struct, frozen=True, kw_only=True):
    """A job. Times are UTC with milliseconds, sizes are bytes, `progress` goes from 0 to 1.

    Example: `{"id": "d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f", "user_id": "c1f7a2b9-e3d4-4f5c-8a1b-0e9d8f7c6b5a",
    "file_name": "my_large_data.csv", "original_file_size_bytes": 1024000000, "status": "COMPLETED", "processing_steps":
    [{"type": "convert_format", "params": {"to_format": "parquet"}}], "created_at": "2026-01-27T10:00:00.000Z",
    "updated_at": "2026-01-27T10:00:09.512Z", "input_object_key":
    "input/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data.csv", "output_object_key":
    "output/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data_processed.parquet", "error_message": null,
    "progress": 1.0, "phase": null, "input_size_bytes": 1023998211, "error_code": null, "at_fault": null, "started_at":
    "2026-01-27T10:00:01.020Z", "ended_at": "2026-01-27T10:00:09.512Z"}`
    """

    id: Id
    user_id: Id
    file_name: str
    original_file_size_bytes: int | None
    status: Status
    processing_steps: Annotated[
        msgspec.Raw,
        Meta(
            description="The steps exactly as they were sent.",
            extra_json_schema={"type": "array", "items": {"type": "object"}},
        ),
    ]
    created_at: DateTime
    updated_at: DateTime
    input_object_key: Annotated[str | None, Meta(description="Null until the input is marked as uploaded.")]
    output_object_key: Annotated[str | None, Meta(description="Null until the job has COMPLETED.")]
    error_message: Annotated[str | None, Meta(description="Of a FAILED job: one sentence on what went wrong.")]
    progress: float
    phase: str | None
    input_size_bytes: Annotated[int | None, Meta(description="The true size, once the input is marked as uploaded.")]
    error_code: Annotated[str | None, Meta(description="Of a FAILED job: its error as a word for programs.")]
    at_fault: Annotated[str | None, Meta(description="Of a FAILED job: who can mend it, `caller` or `us`.")]
    started_at: DateTime | None
    ended_at: DateTime | None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object; no body at all serves alike.

    Example: `{}`
    """


class EventReply(msgspec.Struct, frozen=True):
    """Something that happened to a job. `n` counts from 1; `kind` is moved, phase or warning.

    Example: `{"n": 2, "at": "2026-01-27T10:00:00.250Z", "kind": "moved", "data": {"from": "PENDING", "to": "QUEUED",
    "why": "uploaded"}}`
    """

    n: int
    at: DateTime
    kind: str
    data: dict[str, Any]


class FileReply(msgspec.Struct, frozen=True):
    """An input or output as it was when the job ended. `size` in bytes."""

    name: str
    key: str
    size: int
    sha256: Annotated[str | None, Meta(description="In hex digits; null until it is known.")]


class ReceiptReply(msgspec.Struct, frozen=True):
    """What a COMPLETED job has read and written. `seconds` are those of its last run.

    Example: `{"rows_in": 1000000, "rows_out": 17202, "bad_rows": 3, "inputs": [{"name": "input", "key":
    "input/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data.csv", "size": 1023998211, "sha256":
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}], "outputs": [{"name": "output", "key":
    "output/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data_processed.parquet", "size": 2817301, "sha256":
    "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"}], "seconds": 8.492, "versions": {"filemill":
    "0.1.0", "tables": "1 (polars 1.42.1)"}}`
    """

    rows_in: int
    rows_out: int
    bad_rows: int
    inputs: tuple[FileReply, ...]
    outputs: tuple[FileReply, ...]
    seconds: float
    versions: dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, in a sentence.

    Example: `{"detail": "Not signed in: send a valid bearer token."}`
    """

    detail: str


STRUCTS = (
    NewAccount,
    AccountReply,
    Credentials,
    Token,
    NewJob,
    NewPlan,
    PlanReply,
    JobReply,
    Nothing,
    WhichInput,
    WhichOutput,
    Uploaded,
    UploadUrl,
    DownloadUrl,
    MultipartOpened,
    UploadedParts,
    WantedParts,
    SignedParts,
    FinishedParts,
    EventReply,
    ReceiptReply,
    Problem,
)
"""Every struct on this API's wire."""
