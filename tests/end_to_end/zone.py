# The records of the zone `example`, from which every case picks its domain.
import names
import sandbox


def records(receivers):
    yield from ("plain TXT \"neither MX nor address\"",
                "nullmx MX 0 .",
                "nullmx A 198.51.100.10",
                "us A " + sandbox.OURSELVES4,
                "us6 AAAA " + sandbox.OURSELVES6,
                "us-local A 127.0.0.1",
                "us-mapped AAAA ::ffff:127.0.0.1",
                f"down A {names.NO_SERVER}",
                f"silent A {names.SILENT4}",
                f"silent-both A {names.SILENT4}",
                f"silent-both AAAA {names.SILENT6}",
                f"silent6 AAAA {names.SILENT6}",
                "loop MX 10 us",
                "loop6 MX 10 us6",
                "loop-local MX 10 us-local",
                "loop-mapped MX 10 us-mapped",
                "loop-direct A " + sandbox.OURSELVES4)

    for receiver in receivers:
        yield from of_receiver(receiver)
    # They share one domain.
    for receiver, other in zip(receivers, receivers[1:] + receivers[:1]):
        yield f"shared MX 10 {receiver.mx('clear')}."
        yield f"frozen.{receiver.name} MX 10 {receiver.mx()}."
        yield f"frozen.{receiver.name} MX 20 {other.mx('clear')}."


def of_receiver(receiver):
    label = receiver.name
    for face in receiver.faces():
        exchanger = receiver.mx(face) + "."
        yield f"{face}.{label} MX 10 {exchanger}"
        yield f"{exchanger} A {receiver.ip(face)}"
    main, clear = receiver.mx() + ".", receiver.mx("clear") + "."
    yield from (f"{main} AAAA {receiver.ip6()}",
                f"{label} MX 10 {main}",
                # Another name for the main face, which its certificate does not carry.
                f"misnamed.{label} A {receiver.ip()}",
                f"only6.{label} MX 10 mx-only6.{label}",
                f"mx-only6.{label} AAAA {receiver.ip6()}",
                f"half-dead.{label} MX 10 mx-half-dead.{label}",
                f"mx-half-dead.{label} AAAA 2001:db8::99",
                f"mx-half-dead.{label} A {receiver.ip('clear')}",
                f"to-us.{label} A {receiver.loopback()}",
                # One family of their exchanger does not answer.
                f"no-ipv4.{label} MX 10 mx-no-ipv4.{label}",
                f"mx-no-ipv4.{label} A {names.SILENT4}",
                f"mx-no-ipv4.{label} AAAA {receiver.ip6()}",
                f"no-ipv6.{label} MX 10 mx-no-ipv6.{label}",
                f"mx-no-ipv6.{label} A {receiver.ip('clear')}",
                f"mx-no-ipv6.{label} AAAA {names.SILENT6}",
                f"nomx.{label} A {receiver.ip('clear')}",
                f"second.{label} MX 10 down",
                f"second.{label} MX 20 {clear}",
                f"waits.{label} MX 10 silent",
                f"waits.{label} MX 20 {clear}",
                f"alias.{label} CNAME clear.{label}",
                f"alias-mx.{label} MX 10 mx-alias.{label}",
                f"mx-alias.{label} CNAME {clear}",
                # We are the second of three: the third is never asked.
                f"backup.{label} MX 10 down",
                f"backup.{label} MX 20 us",
                f"backup.{label} MX 30 {clear}",
                f"backup-up.{label} MX 10 {clear}",
                f"backup-up.{label} MX 20 us",
                f"unfriendly.{label} MX 10 {receiver.mx('closed')}.",
                f"unfriendly.{label} MX 20 {clear}",
                f"renewing.{label} MX 10 {receiver.mx('expired')}.",
                f"renewing.{label} MX 20 {main}",
                f"many.{label} MX 1 {clear}")
    if receiver.ancient:
        yield f"upgrading.{label} MX 10 {receiver.mx('ancient')}."
        yield f"upgrading.{label} MX 20 {main}"
    for number in range(40):
        yield f"many.{label} MX 50 an-exchanger-with-a-rather-long-name-{number}.{label}"
