"""The rows that say who is asking, for all five APIs."""

from typing import Any

from piccolo.columns import UUID, BigInt, Boolean, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check
from piccolo.table import Table

from filemill.connections import DB


class Account(Table, db=DB, tablename="account"):
    """Who owns things: a guest expires, a member has a password. `rows_full`: ended jobs take all that they may."""

    id = UUID(primary_key=True)
    email = Text(null=True, default=None, unique=True)
    username = Text(null=True, default=None, unique=True)
    password_hash = Text(null=True, default=None, secret=True)
    first_name = Text(null=True, default=None)
    last_name = Text(null=True, default=None)
    role = Text(default="user")
    token_version = Integer(default=0)
    last_ip = Text(null=True, default=None)
    merged_into: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.cascade)
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    rows_full = Boolean(default=False)

    account_role = Check("role IN ('admin', 'user', 'demo_user')")
    account_email_lower = Check("email = lower(email)")
    account_username_no_at = Check("position('@' in username) = 0")


class SecondFactor(Table, db=DB, tablename="second_factor"):
    """The second factor of an account; it counts from `confirmed_at` on. `last_step` is the last time step used."""

    account = ForeignKey(Account, primary_key=True, null=False, default=None, on_delete=OnDelete.cascade)
    totp_secret = Text(secret=True)
    confirmed_at = Timestamptz(null=True, default=None)
    last_step = BigInt(default=0)
    recovery_hashes = Text(default="[]", secret=True)


class SignIn(Table, db=DB, tablename="sign_in"):
    """One sign-in of an account from an address; access and refresh tokens name it."""

    id = UUID(primary_key=True)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.cascade, index=True)
    address = Text()
    api = Text()
    refresh_hash = Text(null=True, default=None, secret=True)
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(default=TimestamptzNow(), index=True)
    ended_at = Timestamptz(null=True, default=None)


class SignInAttempt(Table, db=DB, tablename="sign_in_attempt"):
    """One failed sign-in, or one still being checked; `name` is the hash of the login name as it was given."""

    id = UUID(primary_key=True)
    name = Text(index=True, index_method=IndexMethod.btree)
    address = Text(index=True)
    at = Timestamptz(default=TimestamptzNow(), index=True)
