"""What this API takes and gives while files come in and go out, one struct each."""

import re
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from filemill.errors import Impossible
from filemill.jobs.job import MAIN_INPUT, MAIN_OUTPUT

MOST_PARTS = 10_000
MOST_PARTS_AT_ONCE = 1_000
_SHA256 = re.compile("[0-9a-fA-F]{64}")

# What stands in `extra_json_schema` is documented only: the decoder looks at shapes, `check` at values.
PartNumber = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MOST_PARTS})]
InputName = Annotated[str, Meta(description="Which input is meant: `input`, or the name of an extra one.")]


class WhichInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which input is meant; without it, or without a body, the main one.

    Example: `{"input": "input"}`
    """

    input: InputName = MAIN_INPUT


class WhichOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which output is meant: `output`, or `bad_rows`; without it, or without a body, `output`.

    Example: `{"output": "output"}`
    """

    output: Annotated[str, Meta(description="`output`, or `bad_rows` where the job collects them.")] = MAIN_OUTPUT


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
    input: InputName = MAIN_INPUT

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
    input: InputName = MAIN_INPUT

    def check(self) -> None:
        """Raises Impossible."""
        if not 0 < len(self.parts) <= MOST_PARTS:
            raise Impossible(f"parts must hold 1 to {MOST_PARTS} parts.")
        numbers = [part.part_number for part in self.parts]
        for number in numbers:
            check_part_number(number)
        if len(set(numbers)) < len(numbers):
            raise Impossible("parts names a part_number twice.")


def check_part_number(number: int) -> None:
    """Raises Impossible for a number that no part of an upload can have."""
    if not 1 <= number <= MOST_PARTS:
        raise Impossible(f"A part number must be between 1 and {MOST_PARTS}, not {number}.")
