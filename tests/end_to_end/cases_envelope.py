# Senders and recipients as real servers see, take and refuse them.
from caller import expect
from world import Message, case, every

LONG = "x" * 60
VERP = (f"list-return-12345-{LONG}=a.rather.long.host.name.of.a.subscriber.{LONG}.example"
        f"@lists.me.example")
SRS = "SRS0=HHH=TT=origin.example=someone.with.a.long.name+and-a-tag@forwarder.me.example"


@case("several recipients, some unknown", each=every)
def some_refused(world, mx):
    message = Message()
    host = mx.host()
    report = world.deliver(host, f"nobody@{host}", f"alice@{host}", f"none@{host}", f"bob@{host}",
                           message=message)
    report.delivered(mx.ip(), "hrhr")
    report.recipient(0, "h", mx.ip(), "5")
    report.recipient(2, "h", mx.ip(), "5")
    world.arrived(mx, message, ("alice", "bob"))


@case("every recipient unknown", each=every)
def all_refused(world, mx):
    message = Message()
    host = mx.host()
    report = world.deliver(host, f"nobody@{host}", f"none@{host}", message=message)
    report.is_("hh", f"DGiving up on {mx.ip()}.")
    expect(report.verdict() == "D", f"bounced by qmail-rspawn: {report}")
    world.nothing_arrived(message)


@case("a recipient deferred", each=every)
def greylisted(world, mx):
    message = Message()
    report = world.deliver(mx.host(), mx.at("grey"), message=message)
    report.is_("s", f"DGiving up on {mx.ip()}.")
    report.recipient(0, "s", mx.ip(), "45")
    expect(report.verdict() == "Z", f"deferred by qmail-rspawn: {report}")
    world.nothing_arrived(message)


@case("one recipient deferred, one refused, one accepted", each=every)
def mixed(world, mx):
    message = Message()
    report = world.deliver(mx.host(), mx.at("grey"), mx.at("nobody"), mx.at("carol"),
                           message=message)
    report.delivered(mx.ip(), "shr")
    world.arrived(mx, message, ("carol",))


@case("a sender refused", each=every)
def sender_refused(world, mx):
    message = Message()
    report = world.deliver(mx.host(), mx.at("alice"), message=message,
                           sender="refused@me.example")
    report.is_("", f"DConnected to {mx.ip()} but sender was rejected.\nRemote host said: 550")
    world.nothing_arrived(message)


@case("a sender deferred", each=every)
def sender_deferred(world, mx):
    message = Message()
    report = world.deliver(mx.host("clear"), mx.at("alice", "clear"), message=message,
                           sender="later@me.example")
    report.is_("", f"ZConnected to {mx.ip('clear')} but sender was rejected.\nRemote host said: 45")
    world.nothing_arrived(message)


@case("the null sender", each=every)
def null_sender(world, mx):
    message = Message()
    world.deliver(mx.host(), mx.at("alice"), message=message, sender="").delivered(mx.ip())
    world.arrived(mx, message).returns_to("")


@case("long senders of list managers and forwarders", each=every)
def long_senders(world, mx):
    for sender in (VERP, SRS):
        message = Message()
        world.deliver(mx.host(), mx.at("alice"), message=message, sender=sender) \
            .delivered(mx.ip())
        world.arrived(mx, message).returns_to(sender)


@case("local parts that need quotes", each=lambda mx: mx.quoted_local)
def quoted(world, mx):
    message = Message()
    report = world.deliver(mx.host(), f"{mx.quoted_local}@{mx.host()}", mx.at("alice"),
                           message=message, sender='a "strange" one@me.example')
    report.delivered(mx.ip(), "rr")
    world.arrived(mx, message, ("john", "alice")).returns_to(r'"a \"strange\" one"@me.example')


@case("a local part that needs quotes, at a server that takes none",
      each=lambda mx: not mx.quoted_local)
def quoted_refused(world, mx):
    message = Message()
    report = world.deliver(mx.host(), f"john smith@{mx.host()}", mx.at("alice"), message=message)
    report.delivered(mx.ip(), "hr")
    report.recipient(0, "h", mx.ip(), "5")
    world.arrived(mx, message)


@case("an injected command", each=every)
def injected(world, mx):
    message = Message()
    evil = f"alice@{mx.host()}>\r\nRCPT TO:<bob@{mx.host()}"
    report = world.deliver(mx.host(), evil, mx.at("carol"), message=message)
    report.delivered(mx.ip(), "hr")
    expect(b"(#5.1.3)" in report.recipients[0], f"#5.1.3 wanted in {report}")
    world.arrived(mx, message, ("carol",))
