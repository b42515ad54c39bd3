# Stretches of conversation that many cases share: good up to a stage, and then not.
# What the client should report is the case's business.
import ssl

STAGES = ("greeting", "hello", "mail", "rcpt", "data", "end")

# What may be named in place of a reply.
ACTIONS = {
    "(closes)": lambda mx: mx.closes(),
    "(resets)": lambda mx: mx.resets(),
    "(keeps silent)": lambda mx: mx.ends(),
}


def up_to(mx, stage, *extensions):
    """Plays a good server, with these extensions, until the client awaits the stage's reply."""
    parameters = "..." if extensions else ""
    if stage == "greeting":
        return
    mx.says("220 mx.example ESMTP")
    mx.hears("EHLO me.example")
    if stage == "hello":
        return
    mx.offers(*extensions)
    mx.hears("MAIL FROM:<sender@me.example>" + parameters)
    if stage == "mail":
        return
    mx.says("250 sender ok")
    mx.hears("RCPT TO:<joe@dest.example>" + parameters)
    if stage == "rcpt":
        return
    mx.says("250 recipient ok")
    mx.hears("DATA")
    if stage == "data":
        return
    mx.says("354 go ahead")
    mx.takes_body()


def does(mx, how, then=None):
    """Sends this reply or takes this action.

    After a reply `then` is played: by default, whatever the client does is fine."""
    if how in ACTIONS:
        ACTIONS[how](mx)
    else:
        mx.sends(how.encode("latin-1") + b"\r\n")
        (then or type(mx).ends)(mx)


def fails_at(stage, how, then=None):
    """A script that is good up to the stage, and there replies so or takes an action."""
    def script(mx):
        up_to(mx, stage)
        does(mx, how, then)
    return script


def helo_gets(how):
    """A script that does not know EHLO, and replies so to HELO or takes an action."""
    def script(mx):
        mx.says("220 mx.example")
        mx.hears("EHLO me.example")
        mx.says("502 what")
        mx.hears("HELO me.example")
        does(mx, how)
    return script


def starttls_gets(how):
    """A script that offers STARTTLS, and replies so to it or takes an action."""
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        does(mx, how)
    return script


def sends_plaintext_after_starttls(mx):
    """The reply to STARTTLS, and with it one that an attacker added."""
    mx.greets("STARTTLS")
    mx.hears("STARTTLS")
    mx.sends(b"220 ready\r\n250 injected\r\n")
    hears_no_mail(mx)


def refused_by_the_client(cert="mx1.dest.example", **options):
    """A script whose handshake the client must end; if not, no mail may come."""
    def script(mx):
        mx.promises_tls()
        if mx.handshake_fails(cert=cert, **options):
            return
        hears_no_mail(mx)
    return script


def offers_old_tls_alone(mx, cert="mx1.dest.example"):
    """A handshake in which no version after 1.1 is offered; it must fail."""
    if not mx.handshake_fails(cert=cert, highest=ssl.TLSVersion.TLSv1_1):
        mx.test.problem("TLS below 1.2 was accepted")


def implicit_tls(mx, *extensions):
    """A good server of relay.example, where TLS begins with the first byte."""
    mx.shakes_hands(cert="relay.example")
    mx.greets(*extensions)
    mx.takes_message()


def sends_garbage_for_tls(mx):
    """Bytes in place of a handshake, after the client's hello: before it they are plaintext."""
    mx.sock.recv(1)
    mx.sends(b"this is not a handshake\r\n")


def dies_within_the_body(mx):
    """Takes a part of the message, and resets the connection."""
    up_to(mx, "data")
    mx.says("354 go ahead")
    mx.more()
    mx.resets()


def hears_no_mail(mx):
    """Nothing of the envelope or the message may come after this."""
    while (line := mx.line()) is not None:
        if line.split(" ")[0].upper() in ("MAIL", "RCPT", "DATA", "BDAT"):
            mx.test.problem(f"{mx.label}: the client sent {line!r}")
            return


def hears_no_end_of_data(mx):
    """Whatever comes, it is not a complete message."""
    mx.greets()
    seen = bytearray()
    while True:
        line = mx.line_or_rest()
        if line is None:
            break
        if line == b"QUIT":
            return
        seen += line + b"\r\n"
        if line == b"DATA":
            mx.says("354 go ahead")
            rest = mx.rest()
            if b"\r\n.\r\n" in b"\r\n" + rest:
                mx.test.problem(f"{mx.label}: a complete message came: ...{rest[-200:]!r}")
            return
        mx.says("250 ok")
