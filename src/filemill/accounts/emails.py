"""Says what counts as an e-mail address, and the one spelling it is stored in."""

import unicodedata

from filemill.errors import BadRequest

LONGEST = 254
LONGEST_LOCAL = 64
_MOST_TYPED = 4 * LONGEST
"""Characters that are composed at all: composing takes the square of the length of a text that is all accents."""
_NEVER = set('<>()[]\\,;:"')


def spell(email: str) -> str:
    """The one spelling of an address, whoever typed it: composed and lower case."""
    return unicodedata.normalize("NFC", email).lower() if len(email) <= _MOST_TYPED else email


def clean(email: str) -> str:
    """The address as it is stored: composed and lower case. Raises BadRequest where it is none."""
    address = spell(email)
    local, at, domain = address.partition("@")
    if (
        not at
        or not 0 < len(local) <= LONGEST_LOCAL
        or any(unicodedata.category(sign)[0] in "CZ" or sign in _NEVER for sign in address)
        or len(address.encode()) > LONGEST
        or "@" in domain
        or not _dotted(local)
        or not _is_host(domain)
    ):
        raise BadRequest("The e-mail address is not a valid one, such as user@example.com.")
    return address


def _dotted(text: str) -> bool:
    return all(text.split("."))


def _is_host(domain: str) -> bool:
    labels = domain.split(".")
    return len(labels) > 1 and all(label and label.strip("-") == label for label in labels)
