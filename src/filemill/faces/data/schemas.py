"""What this door takes and gives, one struct each; the OpenAPI document is made from them.

A `check` refuses values that have the right shape and are impossible (422); it runs once the shape is decoded (400).
"""

import re
import unicodedata
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from filemill.errors import Impossible
from filemill.jobs import formats, steps
from filemill.jobs.job import Status
from filemill.jobs.options import BadRows, InputOptions, Options

MOST_BYTES = 50 * 2**30
LONGEST_FILE_NAME = 255
MOST_PARTS = 10_000
MOST_PARTS_AT_ONCE = 1_000
_SHA256 = re.compile("[0-9a-fA-F]{64}")

# What stands in `extra_json_schema` is documented only: the decoder looks at shapes, `check` at values.
PartNumber = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MOST_PARTS})]
DateTime = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to be made. The password has 8 to 200 characters.

    Example: `{"email": "user@example.com", "password": "securepassword123"}`
    """

    email: str
    password: str


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
    password: str


class Token(msgspec.Struct, frozen=True):
    """An access token, to be sent as `Authorization: Bearer ...`; it is valid for 12 hours.

    Example: `{"access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", "token_type": "bearer"}`
    """

    access_token: str
    token_type: str = "bearer"  # noqa: S105 -- a scheme, no secret


class NewJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job to be made: the file to come, its size at most, and what shall be done with it, step by step.

    Example: `{"file_name": "my_large_data.csv", "original_file_size_bytes": 1024000000, "processing_steps": [{"type":
    "filter", "params": {"column": "country", "operator": "eq", "value": "India"}}, {"type": "convert_format", "params":
    {"to_format": "parquet"}}]}`
    """

    file_name: Annotated[
        str,
        Meta(
            description="1 to 255 bytes of UTF-8; its extension says the format.",
            extra_json_schema={"minLength": 1, "maxLength": LONGEST_FILE_NAME},
        ),
    ]
    original_file_size_bytes: Annotated[
        int,
        Meta(
            description="The upper bound of the file's size: 0 to 50 GiB.",
            extra_json_schema={"minimum": 0, "maximum": MOST_BYTES},
        ),
    ]
    processing_steps: Annotated[
        tuple[steps.WireStep, ...],
        Meta(
            description="At most 100 steps; none passes the rows on unchanged.",
            extra_json_schema={"maxItems": steps.MOST_STEPS},
        ),
    ]
    input_options: Annotated[
        InputOptions, Meta(description="How the input is written; what is not given is found out from the file.")
    ] = InputOptions()
    on_bad_rows: Annotated[
        BadRows,
        Meta(description="`fail` at the first row that cannot be used, or `collect` them in the output `bad_rows`."),
    ] = "fail"

    @property
    def options(self) -> Options:
        """What the job is told beside its steps."""
        return Options(self.input_options, self.on_bad_rows)

    def check(self) -> None:
        """Raises Impossible."""
        check_file_name(self.file_name)
        if not 0 <= self.original_file_size_bytes <= MOST_BYTES:
            raise Impossible(f"original_file_size_bytes must be between 0 and {MOST_BYTES} (50 GiB).")
        steps.check(steps.from_wire(self.processing_steps))


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


class Uploaded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which object was uploaded, and if wanted its SHA-256 in hex digits: the job fails if the content has another.

    Example: `{"object_key": "input/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data.csv"}`
    """

    object_key: str
    sha256: Annotated[str, Meta(extra_json_schema={"pattern": f"^{_SHA256.pattern}$"})] | UnsetType = UNSET

    def check(self) -> None:
        """Raises Impossible."""
        if self.sha256 is not UNSET and not _SHA256.fullmatch(self.sha256):
            raise Impossible("sha256 must be 64 hex digits.")


class UploadUrl(msgspec.Struct, frozen=True):
    """Where the input is to be PUT, for an hour.

    Example: `{"upload_url": "https://store.example.com/filemill/input/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256"}`
    """

    upload_url: str


class DownloadUrl(msgspec.Struct, frozen=True):
    """Where the output can be fetched, for an hour.

    Example: `{"download_url": "https://store.example.com/filemill/output/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data_processed.parquet?X-Amz-Algorithm=AWS4-HMAC-SHA256"}`
    """

    download_url: str


class MultipartOpened(msgspec.Struct, frozen=True):
    """A multipart upload that takes parts now.

    Example: `{"upload_id": "MmQyNTc2ZTgtYzM0Zi00"}`
    """

    upload_id: str


class UploadedPart(msgspec.Struct, frozen=True):
    """A part that the store has. `size` in bytes."""

    part_number: int
    etag: str
    size: int


class UploadedParts(msgspec.Struct, frozen=True):
    """The parts that the store has.

    Example: `{"parts": [{"part_number": 1, "etag": "9b2cf535f27731c974343645a3985328", "size": 16777216}]}`
    """

    parts: tuple[UploadedPart, ...]


class WantedParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of the parts to be uploaded next, 1 to 10,000; at most 1,000 at once.

    Example: `{"part_numbers": [1, 2, 3]}`
    """

    part_numbers: Annotated[
        tuple[PartNumber, ...], Meta(extra_json_schema={"minItems": 1, "maxItems": MOST_PARTS_AT_ONCE})
    ]

    def check(self) -> None:
        """Raises Impossible."""
        if not 0 < len(self.part_numbers) <= MOST_PARTS_AT_ONCE:
            raise Impossible(f"part_numbers must hold 1 to {MOST_PARTS_AT_ONCE} numbers.")
        for number in self.part_numbers:
            check_part_number(number)


class SignedPart(msgspec.Struct, frozen=True):
    """Where a part is to be PUT."""

    part_number: int
    url: str


class SignedParts(msgspec.Struct, frozen=True):
    """Where the parts are to be PUT, each for an hour.

    Example: `{"parts": [{"part_number": 1, "url":
    "https://store.example.com/filemill/input/d2e8f1c7-a4b5-4c6d-9e0f-1a2b3c4d5e6f/my_large_data.csv?partNumber=1"}]}`
    """

    parts: tuple[SignedPart, ...]


class FinishedPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part with the ETag the store answered its PUT with."""

    part_number: PartNumber
    etag: str


class FinishedParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every part of the upload, to be put together in the order of their numbers.

    Example: `{"parts": [{"part_number": 1, "etag": "9b2cf535f27731c974343645a3985328"}]}`
    """

    parts: Annotated[tuple[FinishedPart, ...], Meta(extra_json_schema={"minItems": 1, "maxItems": MOST_PARTS})]

    def check(self) -> None:
        """Raises Impossible."""
        if not 0 < len(self.parts) <= MOST_PARTS:
            raise Impossible(f"parts must hold 1 to {MOST_PARTS} parts.")
        numbers = [part.part_number for part in self.parts]
        for number in numbers:
            check_part_number(number)
        if len(set(numbers)) < len(numbers):
            raise Impossible("parts names a part_number twice.")


class EventReply(msgspec.Struct, frozen=True):
    """Something that happened to a job. `n` counts from 1; `kind` is moved, phase or warning.

    Example: `{"n": 2, "at": "2026-01-27T10:00:00.250Z", "kind": "moved", "data": {"from": "PENDING", "to": "QUEUED",
    "why": "uploaded"}}`
    """

    n: int
    at: DateTime
    kind: str
    data: dict[str, Any]


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
    JobReply,
    Nothing,
    Uploaded,
    UploadUrl,
    DownloadUrl,
    MultipartOpened,
    UploadedParts,
    WantedParts,
    SignedParts,
    FinishedParts,
    EventReply,
    Problem,
)
"""Every struct on this door's wire."""


def check_file_name(name: str) -> None:
    """Refuses a name that could not stand in a key of the store, or whose format nobody knows. Raises Impossible."""
    if not 1 <= len(name.encode()) <= LONGEST_FILE_NAME:
        raise Impossible(f"file_name must be 1 to {LONGEST_FILE_NAME} bytes long.")
    if name.startswith("..") or any(sign in "/\\" or unicodedata.category(sign) == "Cc" for sign in name):
        raise Impossible("file_name must not hold / or \\ or control characters, nor begin with two dots.")
    if formats.format_of(name) is None:
        raise Impossible(f"file_name must end in a known extension: {', '.join(formats.FORMATS)}.")


def check_part_number(number: int) -> None:
    """Raises Impossible for a number that no part of an upload can have."""
    if not 1 <= number <= MOST_PARTS:
        raise Impossible(f"A part number must be between 1 and {MOST_PARTS}, not {number}.")
