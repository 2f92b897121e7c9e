"""An address that makes accounts without end: it is told to stop, and others sign in meanwhile."""

import concurrent.futures
import secrets
from collections import Counter

from tests.attacks.callers import PASSWORD, Member, any_address, connect
from tests.attacks.target import Target

TRIES, AT_ONCE = 700, 100
"""More than the 600 an hour that `serve` allows."""


def attack(target: Target) -> str:
    """Registers 700 times from one address, a hundred at once."""
    other = Member(target)
    address = any_address()

    def register(_: int) -> int:
        with connect(target, address) as http:
            person = {"email": f"{secrets.token_hex(8)}@example.com", "password": "short"}
            return http.post("/api/v1/auth/register", json=person).status_code

    with target.felt() as felt, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(register, range(TRIES)))
    assert answers[429] == TRIES - 600, f"answered {dict(answers)}"
    assert felt.worst < 5, f"others waited {felt.worst:.2f} s"
    form = {"username": other.email, "password": PASSWORD}
    assert other.request("POST", "/auth/login", data=form).status_code == 200, "another address cannot sign in"
    other.close()
    return f"answered {dict(answers)}; others waited {felt.worst * 1000:.0f} ms at most"
