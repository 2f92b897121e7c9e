"""Every SQL statement about accounts, sign-ins and failed attempts."""

from uuid import UUID

import msgspec

from filemill import connections

# An account that may be signed in to, or act: not closed, and not a guest whose time is over.
_LIVE = "closed_at IS NULL AND (expires_at IS NULL OR expires_at > now())"


class AccountRow(msgspec.Struct, frozen=True):
    """An account that may act, as every request sees it."""

    id: UUID
    email: str | None
    role: str
    token_version: int
    is_guest: bool


class MemberRow(msgspec.Struct, frozen=True):
    """An account that can be signed in to."""

    id: UUID
    password_hash: str
    token_version: int


class Attempts(msgspec.Struct, frozen=True):
    """How often signing in was tried lately: to a name from an address, from the address at all, to the name at all.

    Each `*_wait` is the number of seconds until the oldest of these is forgotten.
    """

    pair: int
    address: int
    name: int
    pair_wait: int
    address_wait: int
    name_wait: int


async def insert_member(account: UUID, email: str, password_hash: str, role: str) -> str | None:
    """Makes an account -> its e-mail as stored, or None where that e-mail is taken."""
    stored: str | None = await connections.fetchval(
        "INSERT INTO account (id, email, password_hash, role) VALUES ($1, lower($2), $3, $4)"
        " ON CONFLICT (email) DO NOTHING RETURNING email",
        account,
        email,
        password_hash,
        role,
    )
    return stored


async def live_account(account: UUID) -> AccountRow | None:
    """An account that may act, or None. On the way of every request."""
    row = await connections.fetchrow(
        f"SELECT id, email, role, token_version, password_hash IS NULL FROM account WHERE id = $1 AND {_LIVE}",  # noqa: S608
        account,
    )
    return None if row is None else AccountRow(*row)


async def insert_guest(guest: UUID, member: UUID | None, seconds: int | None) -> None:
    """Makes the row of a guest that expires after so many seconds, or never; changes nothing where there is one."""
    await connections.execute(
        "INSERT INTO account (id, role, token_version, merged_into, created_at, expires_at)"
        " VALUES ($1, 'user', 0, $2, now(), now() + make_interval(secs => $3::int)) ON CONFLICT (id) DO NOTHING",
        guest,
        member,
        seconds,
    )


async def lock_live(account: UUID) -> bool:
    """Locks an account until the transaction ends -> False if it may not act (any more)."""
    return (
        await connections.fetchval(
            f"SELECT true FROM account WHERE id = $1 AND {_LIVE} FOR NO KEY UPDATE",  # noqa: S608
            account,
        )
        is True
    )


@connections.in_transaction
async def merge_guest(guest: UUID, member: UUID) -> None:
    """Says that a living guest belongs to a member; it no longer expires."""
    await connections.execute(
        "SELECT FROM account WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", [guest, member]
    )
    await connections.execute(
        "UPDATE account SET merged_into = $2, expires_at = NULL"  # noqa: S608
        f" WHERE id = $1 AND password_hash IS NULL AND merged_into IS NULL AND {_LIVE}",
        guest,
        member,
    )


# A guest goes with its member.
_ENDED = (
    "(a.expires_at <= now() OR a.closed_at IS NOT NULL"
    " OR EXISTS (SELECT FROM account m WHERE m.id = a.merged_into AND m.closed_at IS NOT NULL))"
)


async def ended(limit: int = 100) -> list[UUID]:
    """Accounts whose time is over, or that were closed: guests before the members they were merged into."""
    rows = await connections.fetch(  # three index scans; an OR would look at every account there is
        """
        SELECT id, merged_into FROM account WHERE expires_at <= now()
        UNION SELECT id, merged_into FROM account WHERE closed_at IS NOT NULL
        UNION SELECT g.id, g.merged_into FROM account m JOIN account g ON g.merged_into = m.id
          WHERE m.closed_at IS NOT NULL
        ORDER BY merged_into NULLS LAST LIMIT $1
        """,
        limit,
    )
    return [row["id"] for row in rows]


async def end_guest(guest: UUID) -> None:
    """Ends a guest's time, from now on; one that belongs to a member, and a member, stay."""
    await connections.execute(
        "UPDATE account SET expires_at = least(expires_at, now())"
        " WHERE id = $1 AND password_hash IS NULL AND merged_into IS NULL",
        guest,
    )


async def lock_ended(account: UUID) -> bool:
    """Locks an account whose time is over, or that was closed -> False if it is none.

    Rows that name it can still be made; whoever makes one holds a job, perhaps, that has to be locked first.
    """
    return (
        await connections.fetchval(
            f"SELECT true FROM account a WHERE a.id = $1 AND {_ENDED} FOR NO KEY UPDATE OF a",  # noqa: S608
            account,
        )
        is True
    )


async def seal(account: UUID) -> None:
    """From now on no row can be made that names a locked account; all its jobs have to be locked already."""
    await connections.execute("SELECT FROM account WHERE id = $1 FOR UPDATE", account)


async def delete(account: UUID) -> bool:
    """Deletes an account with all rows that hang on it -> False while a guest of its own is still there."""
    return (
        await connections.fetchval(
            "DELETE FROM account WHERE id = $1"
            " AND NOT EXISTS (SELECT FROM account g WHERE g.merged_into = $1) RETURNING true",
            account,
        )
        is True
    )


async def member_named(name: str) -> MemberRow | None:
    """The account behind a login name: with an @ that is an e-mail, without one a username."""
    column, value = ("email", "lower($1)") if "@" in name else ("username", "$1")
    row = await connections.fetchrow(
        "SELECT id, password_hash, token_version FROM account"  # noqa: S608 -- column and value are ours
        f" WHERE {column} = {value} AND password_hash IS NOT NULL AND {_LIVE}",
        name,
    )
    return None if row is None else MemberRow(*row)


async def replace_password_hash(account: UUID, old: str, new: str) -> None:
    """Stores the same password hashed anew, unless it was changed meanwhile."""
    await connections.execute(
        "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2", account, old, new
    )


async def set_role(email: str, role: str) -> bool:
    """Gives the account with this e-mail a role -> whether there is one."""
    return (
        await connections.fetchval(
            "UPDATE account SET role = $2 WHERE email = lower($1) AND closed_at IS NULL RETURNING true", email, role
        )
        is True
    )


async def insert_attempt(attempt: UUID, name: str, address: str) -> None:
    """Records that a sign-in is being tried; it counts as failed until `delete_attempt`."""
    await connections.execute(
        "INSERT INTO sign_in_attempt (id, name, address) VALUES ($1, $2, $3)", attempt, name, address
    )


async def delete_attempt(attempt: UUID) -> None:
    """Forgets an attempt: it succeeded, or was turned away before the password was looked at."""
    await connections.execute("DELETE FROM sign_in_attempt WHERE id = $1", attempt)


async def recent_attempts(name: str, address: str, seconds: int) -> Attempts:
    """What was tried in the last `seconds`; at least one attempt must have been."""
    row = await connections.fetchrow(
        """
        SELECT count(*) FILTER (WHERE name = $1 AND address = $2) AS pair,
               count(*) FILTER (WHERE address = $2) AS address,
               count(*) FILTER (WHERE name = $1) AS name,
               extract(epoch FROM min(at) FILTER (WHERE name = $1 AND address = $2) - now())::int + $3 AS pair_wait,
               extract(epoch FROM min(at) FILTER (WHERE address = $2) - now())::int + $3 AS address_wait,
               extract(epoch FROM min(at) FILTER (WHERE name = $1) - now())::int + $3 AS name_wait
        FROM sign_in_attempt
        WHERE (name = $1 OR address = $2) AND at > now() - make_interval(secs => $3::int)
        """,
        name,
        address,
        seconds,
    )
    return Attempts(*row)


async def has_signed_in_from(account: UUID, address: str) -> bool:
    """Whether this account was ever signed in to from this address, as far as we remember."""
    return (
        await connections.fetchval(
            "SELECT true FROM sign_in WHERE account = $1 AND address = $2 LIMIT 1", account, address
        )
        is True
    )


async def insert_sign_in(sign_in: UUID, account: UUID, address: str, api: str, remembered_seconds: int) -> None:
    """Records a sign-in that succeeded."""
    await connections.execute(
        "INSERT INTO sign_in (id, account, address, api, expires_at)"
        " VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5::int))",
        sign_in,
        account,
        address,
        api,
        remembered_seconds,
    )


async def forget_old(attempt_seconds: int) -> None:
    """Forgets attempts older than so many seconds, and sign-ins that are over."""
    await connections.execute(
        "DELETE FROM sign_in_attempt WHERE id IN (SELECT id FROM sign_in_attempt"
        " WHERE at < now() - make_interval(secs => $1::int) ORDER BY id FOR UPDATE SKIP LOCKED)",
        attempt_seconds,
    )
    await connections.execute(
        "DELETE FROM sign_in WHERE id IN"
        " (SELECT id FROM sign_in WHERE expires_at < now() ORDER BY id FOR UPDATE SKIP LOCKED)"
    )
