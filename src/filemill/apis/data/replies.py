"""Turns jobs and errors into this API's words."""

from datetime import datetime

import msgspec

from filemill.accounts.sign_in import Member
from filemill.apis.data.schemas import AccountReply, EventReply, FileReply, JobReply, Problem, ReceiptReply
from filemill.jobs.job import Event, Job
from filemill.jobs.receipts import FileSum, Receipt
from filemill.web.fallback import Failure


class _Steps(msgspec.Struct, frozen=True):
    processing_steps: msgspec.Raw


_steps = msgspec.json.Decoder(_Steps)


def steps_as_sent(body: bytes) -> bytes:
    """The text of `processing_steps` in the body of a new job, letter for letter."""
    return bytes(_steps.decode(body).processing_steps)


def problem(failure: Failure) -> tuple[int, Problem]:
    """The dialect of errors here: a sentence, whatever the status."""
    return failure.status, Problem(failure.sentence)


def account(member: Member) -> AccountReply:
    """An account as this API shows it."""
    return AccountReply(str(member.id), member.email)


def job(value: Job) -> JobReply:
    """A job as this API shows it."""
    return JobReply(
        id=str(value.id),
        user_id=str(value.owner),
        file_name=value.file_name,
        original_file_size_bytes=value.announced_size,
        status=value.status,
        processing_steps=value.as_sent,
        created_at=instant(value.created_at),
        updated_at=instant(value.updated_at),
        input_object_key=value.input_key,
        output_object_key=value.output_key,
        error_message=value.error_message,
        progress=round(value.progress, 4),
        phase=value.phase,
        input_size_bytes=value.input_size,
        error_code=value.error_code,
        at_fault=value.at_fault,
        started_at=instant(value.started_at) if value.started_at else None,
        ended_at=instant(value.ended_at) if value.ended_at else None,
    )


def event(value: Event) -> EventReply:
    """An event as this API shows it."""
    return EventReply(value.n, instant(value.at), value.kind, value.data)


def receipt(value: Receipt) -> ReceiptReply:
    """A receipt as this API shows it."""
    return ReceiptReply(
        rows_in=value.rows_in,
        rows_out=value.rows_out,
        bad_rows=value.bad_rows,
        inputs=tuple(_file(one) for one in value.inputs),
        outputs=tuple(_file(one) for one in value.outputs),
        seconds=value.seconds,
        versions=value.versions,
    )


def _file(value: FileSum) -> FileReply:
    return FileReply(value.name, value.key, value.size, value.sha256)


def instant(at: datetime) -> str:
    """A time in UTC with milliseconds and Z, such as 2026-01-27T10:00:00.000Z."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
