"""What this door takes and gives, one struct each; the OpenAPI document is made from them.

Every answer has the same two fields: `success`, and `data`.
"""

from typing import Literal

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """What went wrong: its name for programs, and a sentence for whoever reads it."""

    error: str
    message: str


class Refused(msgspec.Struct, frozen=True):
    """An error.

    Example: `{"success": false, "data": {"error": "ValidationError", "message": "File size exceeds 100MB limit."}}`
    """

    data: Refusal
    success: Literal[False] = False


class CsrfToken(msgspec.Struct, frozen=True):
    """The token that unsafe requests of the session send as `X-CSRF-Token`."""

    csrf_token: str


class SessionReply(msgspec.Struct, frozen=True):
    """A session is there; the cookie `session_id` names it.

    Example: `{"success": true, "data": {"csrf_token": "pXH1eZ0nGq3lN0c3M4mW2m6T1h5bq7dS9tXkVYw8uJc"}}`
    """

    data: CsrfToken
    success: Literal[True] = True


class Message(msgspec.Struct, frozen=True):
    """A sentence."""

    message: str


class ClosedReply(msgspec.Struct, frozen=True):
    """The session is over.

    Example: `{"success": true, "data": {"message": "Session closed and cleaned up."}}`
    """

    data: Message = Message("Session closed and cleaned up.")
    success: Literal[True] = True


STRUCTS = (Refused, SessionReply, ClosedReply)
"""Every struct on the wire; those inside them come along."""
