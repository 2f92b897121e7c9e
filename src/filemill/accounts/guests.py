"""Guests: accounts without a password, made with the first upload of a session and gone with its end."""

import math
from uuid import UUID

from filemill.accounts import queries


async def admit(guest: UUID, member: UUID | None, seconds: float) -> None:
    """Makes a guest's row, unless it is there: it expires after so many seconds, unless it belongs to a member."""
    await queries.insert_guest(guest, member, None if member is not None else max(0, math.ceil(seconds)))


async def merge(guest: UUID, member: UUID) -> None:
    """Makes what a guest owns the member's, too. The guest, if it has a row, no longer expires."""
    await queries.merge_guest(guest, member)
