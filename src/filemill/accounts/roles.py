"""Gives roles to accounts."""

from filemill.accounts import queries
from filemill.errors import NotFound


async def promote(email: str) -> None:
    """Makes the account with this e-mail an admin. Raises NotFound."""
    if not await queries.set_role(email, "admin"):
        raise NotFound(f"No account has the e-mail {email}.")
