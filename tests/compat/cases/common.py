# What cases of several files share: the report of an accepted message, good servers, and domains
# with many exchangers. It has no case of its own.
from harness.delivery import MX1, MX2

SAID = "\nRemote host said: "
LARGE = b"a line of a message that does not fit into the socket's buffers\n" * 100_000
V6 = "2001:db8::1"


def accepted_by(address):
    """The report of a message that this server accepted."""
    return f"K{address} accepted message.{SAID}250 accepted"


ACCEPTED, ACCEPTED_2, ACCEPTED_6 = accepted_by(MX1), accepted_by(MX2), accepted_by(V6)


def accepts(mx):
    mx.accepts()


def over_tls(mx):
    mx.over_tls()


def in_clear_although_offered(mx):
    """A session without STARTTLS, as after a failed handshake."""
    mx.accepts("STARTTLS")


def taken_by(t, address, *scripts, **how):
    """The message is delivered to the server at this address, and the report says so.

    Of several connections the last one takes it."""
    t.server(address, *scripts or (accepts,))
    t.deliver(**how)
    t.says("r", accepted_by(address))


def numbered_exchangers(t, count):
    """The domain has so many exchangers, tried in order; gives their addresses."""
    t.zone("".join(f"""
        dest.example         MX {number} mx{number}.dest.example
        mx{number}.dest.example A 198.51.100.{number}
    """ for number in range(1, count + 1)))
    return [f"198.51.100.{number}" for number in range(1, count + 1)]


def relay_at_465(t):
    """Mail goes to relay.example, where TLS begins with the first byte."""
    t.zone(f"relay.example A {MX1}")
    t.control("smtproutes", "dest.example:relay.example:465")
