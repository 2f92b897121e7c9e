"""What counts as an e-mail address."""

import pytest

from filemill.accounts import emails
from filemill.errors import BadRequest


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("user@example.com", "user@example.com"),
        ("User.Name+tag@Example.COM", "user.name+tag@example.com"),
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("E\u0301mile@exemple.fr", "\u00e9mile@exemple.fr"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_has_one_spelling(given, stored):
    assert emails.clean(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        "user",
        "@example.com",
        "user@",
        "user@@example.com",
        "user@a@example.com",
        "user name@example.com",
        " user@example.com",
        "user@example.com\n",
        "user@example.com\0",
        "user\u200b@example.com",
        "user\ud800@example.com",
        "<user@example.com>",
        "a,b@example.com",
        "user@nodot",
        "user@.example.com",
        "user@example..com",
        "user@-example.com",
        ".user@example.com",
        "us..er@example.com",
        f"{'a' * 65}@example.com",
        f"user@{'a.' * 130}com",
    ],
)
def test_what_is_no_address_is_refused(given):
    with pytest.raises(BadRequest):
        emails.clean(given)
