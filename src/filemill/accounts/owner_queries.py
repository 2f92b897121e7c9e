"""SQL on who owns what: which accounts are a caller's, and the lock under which all they have is counted."""

from uuid import UUID

from filemill import connections

KIN = """
SELECT kin.id FROM account kin, (SELECT coalesce(merged_into, id) AS id FROM account WHERE id = {account}) head
WHERE kin.id = head.id OR kin.merged_into = head.id
"""
"""SQL: all accounts of one caller, seen from any of them: the member, and the guests merged into it."""


async def owned(caller: UUID) -> list[UUID]:
    """The accounts whose things are a caller's: its own, and the guests merged into it.

    Rights, lists and quotas all ask here.
    """
    rows = await connections.fetch("SELECT id FROM account WHERE id = $1 OR merged_into = $1 ORDER BY id", caller)
    return [row["id"] for row in rows]


async def lock(caller: UUID) -> None:
    """Lets one transaction at a time count and add what a caller owns.

    A merged guest's things count as its member's as well: the lock of a guest is that of its member, too.
    """
    await connections.fetch(
        """
        SELECT FROM account WHERE id = $1 OR id = (SELECT merged_into FROM account WHERE id = $1)
        ORDER BY id FOR NO KEY UPDATE
        """,
        caller,
    )
