"""Signing up and signing in, at any API: who may, who may no more for a while, and the record of it."""

import hashlib
from uuid import UUID, uuid4

import msgspec

from filemill import connections
from filemill.accounts import addresses, emails, passwords, queries
from filemill.errors import BadRequest, TooMany

WINDOW_SECONDS = 15 * 60
MOST_PER_NAME_AND_ADDRESS = 10
MOST_PER_ADDRESS = 30
MOST_PER_NAME = 100

# So long an address counts as one that has signed in to the account before.
REMEMBERED_SECONDS = 90 * 24 * 3600


class WrongCredentials(BadRequest):
    """Invalid credentials: the e-mail or the password is wrong."""


class Member(msgspec.Struct, frozen=True):
    """An account as it was just made."""

    id: UUID
    email: str


class SignedIn(msgspec.Struct, frozen=True):
    """A sign-in that succeeded: its own id, the account and the version its tokens must carry."""

    id: UUID
    account: UUID
    version: int


async def register(email: str, password: str, *, role: str = "user") -> Member:
    """Makes an account. Raises BadRequest for a bad or taken e-mail, or a password of a wrong length."""
    address = emails.clean(email)
    passwords.check_length(password)
    async with passwords.signing_up:
        password_hash = await passwords.hash_of(password)
    account = uuid4()
    stored = await queries.insert_member(account, address, password_hash, role)
    if stored is None:
        raise BadRequest("This e-mail is already registered.")
    return Member(account, stored)


async def sign_in(name: str, password: str, *, address: str, api: str) -> SignedIn:
    """Signs in by e-mail or username. Raises WrongCredentials, or TooMany after too many failures.

    The attempt is recorded before the password is looked at and forgotten when it was right, so that guesses made side
    by side count as well. It waits for its turn first: right passwords that come in a crowd never look like failures.
    """
    if "@" in name:
        name = emails.spell(name)
    address = addresses.customer_of(address)
    digest = hashlib.sha256(name.lower().encode()).hexdigest()
    attempt = uuid4()
    async with passwords.signing_in:
        await queries.insert_attempt(attempt, digest, address)
        member = await queries.member_named(name)
        await _refuse_too_many(attempt, digest, address, member.id if member else None)
        is_right = await passwords.verify(password, member.password_hash if member else None)
        if member is None or not is_right:
            raise WrongCredentials
        if passwords.is_outdated(member.password_hash):
            await queries.replace_password_hash(member.id, member.password_hash, await passwords.hash_of(password))
        signed_in = SignedIn(uuid4(), member.id, member.token_version)
        await _record(attempt, signed_in, address, api)
    return signed_in


@connections.in_transaction
async def _record(attempt: UUID, signed_in: SignedIn, address: str, api: str) -> None:
    await queries.insert_sign_in(signed_in.id, signed_in.account, address, api, REMEMBERED_SECONDS)
    await queries.delete_attempt(attempt)


async def _refuse_too_many(attempt: UUID, name: str, address: str, account: UUID | None) -> None:
    """Turns an attempt away, and forgets it, when too many others failed within the window. The counts include it."""
    recent = await queries.recent_attempts(name, address, WINDOW_SECONDS)
    if recent.pair > MOST_PER_NAME_AND_ADDRESS:
        wait = recent.pair_wait
    elif recent.address > MOST_PER_ADDRESS:
        wait = recent.address_wait
    elif recent.name > MOST_PER_NAME and not (account and await queries.has_signed_in_from(account, address)):
        wait = recent.name_wait
    else:
        return
    await queries.delete_attempt(attempt)
    raise TooMany("Too many failed sign-ins; try again later.", retry_after=max(1, wait))
