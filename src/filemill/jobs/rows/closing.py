"""SQL for the end of an account, or of its jobs at one API. `api` is None for the jobs of all APIs."""

from uuid import UUID

from filemill.connections import execute, fetch

_AT = "owner = $1 AND ($2::text IS NULL OR api = $2)"


async def lock_jobs(owner: UUID, api: str | None) -> None:
    """Locks the account's jobs until the transaction ends, before any of their objects."""
    await execute(f"SELECT FROM job WHERE {_AT} ORDER BY id FOR NO KEY UPDATE", owner, api)


async def held(owner: UUID, api: str | None) -> list[UUID]:
    """The account's jobs that workers hold."""
    rows = await fetch(
        f"SELECT id FROM job WHERE {_AT} AND status IN ('RUNNING', 'CANCELLATION_REQUESTED')",  # noqa: S608
        owner,
        api,
    )
    return [row["id"] for row in rows]


async def ended_jobs(owner: UUID, api: str) -> list[UUID]:
    """The account's ended jobs, locked until the transaction ends."""
    rows = await fetch(
        f"SELECT id FROM job WHERE {_AT} AND status IN ('COMPLETED', 'FAILED', 'CANCELLED') ORDER BY id FOR UPDATE",  # noqa: S608
        owner,
        api,
    )
    return [row["id"] for row in rows]


async def expire_if_empty(guest: UUID) -> bool:
    """Ends a guest that has no jobs, and no objects except `leaving` ones -> whether the guest was ended."""
    tag = await execute(
        """
        UPDATE account SET expires_at = now()
        WHERE id = $1 AND password_hash IS NULL AND merged_into IS NULL
          AND NOT EXISTS (SELECT FROM job WHERE owner = $1)
          AND NOT EXISTS (SELECT FROM object WHERE owner = $1 AND state <> 'leaving')
        """,
        guest,
    )
    return tag == "UPDATE 1"


async def expire_now(owner: UUID, api: str) -> None:
    """Sets the end of the account's jobs, which are locked already, to now."""
    await execute(f"UPDATE job SET expires_at = now() WHERE {_AT}", owner, api)  # noqa: S608
