"""Makes and reads the signed tokens that say who is asking."""

import time
from functools import lru_cache
from uuid import UUID, uuid4

import jwt
import msgspec

from filemill.errors import NotSignedIn

ISSUER = "filemill"
ACCESS = "access"
REMEMBERED = 4096
LONGEST = 2048
"""Characters of a token: one of ours has some 400. The JSON in a longer one may be nested beyond what can be read."""
_REFUSED = "The token is not valid, or has expired: sign in again."
_ALGORITHM = "HS256"
_REQUIRED = {"require": ["sub", "ver", "sid", "typ", "iat", "exp", "jti", "iss"]}


class Claims(msgspec.Struct, frozen=True):
    """What a token says: the account, its `token_version` at that time, and the sign-in the token came from."""

    account: UUID
    version: int
    sign_in: UUID


def issue_access(secret: str, claims: Claims, *, seconds: int) -> str:
    """A signed access token that is valid for so many seconds."""
    now = int(time.time())
    return jwt.encode(
        {
            "sub": str(claims.account),
            "ver": claims.version,
            "sid": str(claims.sign_in),
            "typ": ACCESS,
            "iat": now,
            "exp": now + seconds,
            "jti": uuid4().hex,
            "iss": ISSUER,
        },
        secret,
        algorithm=_ALGORITHM,
    )


def read_access(secret: str, token: str) -> Claims:
    """What an access token says, once its signature, time and kind are checked. Raises NotSignedIn."""
    if len(token) > LONGEST:
        raise NotSignedIn(_REFUSED)
    try:
        claims, expires = _verified(secret, token)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise NotSignedIn(_REFUSED) from error
    if expires <= time.time():
        raise NotSignedIn(_REFUSED)
    return claims


# Whoever polls sends the same token again and again. A signature that was right stays right, so it is computed once;
# the token's time is looked at every time. What is refused raises, and nothing that raises is remembered.
@lru_cache(REMEMBERED)
def _verified(secret: str, token: str) -> tuple[Claims, int]:
    said = jwt.decode(token, secret, algorithms=[_ALGORITHM], issuer=ISSUER, options=_REQUIRED)  # type: ignore[arg-type]
    if said["typ"] != ACCESS:
        raise ValueError("not an access token")
    return Claims(UUID(said["sub"]), int(said["ver"]), UUID(said["sid"])), int(said["exp"])
