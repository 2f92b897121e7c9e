"""Who may open a connection, and who gives his up where all places are taken."""

from ipaddress import ip_network

from filemill.server.connection_limits import Admission, ConnectionLimits

SERVED, REFUSED, DROPPED = Admission.SERVED, Admission.REFUSED, Admission.DROPPED


class Guest:
    """A connection."""

    def __init__(self, *, is_idle: bool = True) -> None:
        self.is_idle = is_idle
        self.is_dropped = False

    def drop(self) -> None:
        self.is_dropped = True


def enter(limits: ConnectionLimits, address: str, count: int, *, is_idle: bool = True) -> list[Admission]:
    return [limits.admit(Guest(is_idle=is_idle), address) for _ in range(count)]


def test_an_address_has_its_share_then_is_told_then_dropped() -> None:
    limits = ConnectionLimits(most=100, most_of_address=3)

    assert enter(limits, "192.0.2.1", 8) == [SERVED] * 3 + [REFUSED] * 3 + [DROPPED] * 2
    assert enter(limits, "192.0.2.2", 1) == [SERVED]


def test_an_ipv6_network_of_one_customer_is_one_address() -> None:
    limits = ConnectionLimits(most=100, most_of_address=2)
    addresses = ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::", "2001:db8:0:2::1")

    assert [limits.admit(Guest(), one) for one in addresses] == [SERVED, SERVED, REFUSED, SERVED]
    assert enter(limits, "::ffff:192.0.2.1", 2) + enter(limits, "192.0.2.1", 1) == [SERVED, SERVED, REFUSED]


def test_whoever_leaves_makes_room() -> None:
    # given an address with its share, and one that is refused
    limits = ConnectionLimits(most=100, most_of_address=1)
    first, told, late = Guest(), Guest(), Guest()
    decided = [limits.admit(one, "192.0.2.1") for one in (first, told, late)]
    assert decided == [SERVED, REFUSED, DROPPED]
    # when all have left, whatever was decided, once or twice
    for guest, admission in zip((first, told, late), decided, strict=True):
        limits.leave(guest, "192.0.2.1", admission)
    limits.leave(first, "192.0.2.1", SERVED)
    # then all is as before
    assert len(limits) == 0
    assert enter(limits, "192.0.2.1", 3) == decided


def test_a_proxy_has_no_share() -> None:
    limits = ConnectionLimits(
        most=100, most_of_address=2, proxies=[ip_network("10.231.77.200/32"), ip_network("fd00::/8")]
    )

    for proxy in ("10.231.77.200", "::ffff:10.231.77.200", "fd00::1"):
        assert enter(limits, proxy, 10) == [SERVED] * 10
    assert enter(limits, "10.231.77.201", 3) == [SERVED, SERVED, REFUSED]


def test_where_all_places_are_taken_the_largest_gives_up_what_is_idle_longest() -> None:
    # given all places taken, most of them by one address, whose first connection is busy
    limits = ConnectionLimits(most=5, most_of_address=4)
    enter(limits, "192.0.2.9", 1)
    guests = [Guest(is_idle=n > 0) for n in range(4)]
    for guest in guests:
        limits.admit(guest, "192.0.2.1")
    # when somebody else comes, and once more
    assert enter(limits, "192.0.2.2", 2) == [SERVED, SERVED]
    # then that one's idle connections are gone, the oldest first
    assert [guest.is_dropped for guest in guests] == [False, True, True, False]
    assert len(limits) == 5
    # and the end of a dropped one changes nothing more
    limits.leave(guests[1], "192.0.2.1", SERVED)
    assert len(limits) == 5


def test_where_all_are_busy_whoever_comes_is_told() -> None:
    limits = ConnectionLimits(most=3, most_of_address=3)
    enter(limits, "192.0.2.1", 3, is_idle=False)

    assert enter(limits, "192.0.2.2", 1) == [REFUSED]
