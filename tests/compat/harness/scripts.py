# Stretches of conversation that many cases share: good up to a stage, and then not.
# What the client should report is the case's business.
STAGES = ("greeting", "hello", "mail", "rcpt", "data", "end")

# What an empty word for a reply stands for.
ACTIONS = {
    "(closes)": lambda mx: mx.closes(),
    "(resets)": lambda mx: mx.resets(),
    "(keeps silent)": lambda mx: mx.ends(),
}


def up_to(mx, stage, sender="sender@me.example", recipient="joe@dest.example"):
    """Plays a good server until the client awaits the reply of this stage."""
    if stage == "greeting":
        return
    mx.says("220 mx.example ESMTP")
    mx.hears("EHLO me.example")
    if stage == "hello":
        return
    mx.says("250 mx.example")
    mx.hears(f"MAIL FROM:<{sender}>")
    if stage == "mail":
        return
    mx.says("250 sender ok")
    mx.hears(f"RCPT TO:<{recipient}>")
    if stage == "rcpt":
        return
    mx.says("250 recipient ok")
    mx.hears("DATA")
    if stage == "data":
        return
    mx.says("354 go ahead")
    mx.takes_body()


def fails_at(stage, how, then=None):
    """A script that is good up to the stage, and there replies so or takes an action.

    Behind a reply `then` is played: by default, whatever the client does is fine."""
    def script(mx):
        up_to(mx, stage)
        if how in ACTIONS:
            ACTIONS[how](mx)
        else:
            mx.sends(how.encode("latin-1") + b"\r\n")
            (then or type(mx).ends)(mx)
    return script


def hears_no_mail(mx):
    """Nothing of the envelope or the message may come any more."""
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
