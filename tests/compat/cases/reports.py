# contract.md#reports: each row of the table, and what becomes of a reply's text.
# A phrase may be followed by further lines, by nothing else.
from cases.common import ACCEPTED, SAID, accepts, taken_by
from harness.delivery import MX1, RECIPIENT, like
from harness.registry import case, table
from harness.scripts import fails_at, up_to



@table([(reply, reply) for reply in (
    "421 busy", "450 later", "500 what", "521 no mail here", "554 5.7.1 go away")])
def greeting_refused(t, title, reply):
    t.server(MX1, fails_at("greeting", reply, then=lambda mx: mx.hears_quit()
                           if not reply.startswith("421") else mx.ends()))
    t.deliver()
    t.says(f"ZConnected to {MX1} but greeting failed.{SAID}{reply}")


@table([(reply, reply) for reply in ("250 hello", "221 bye", "354 go")])
def greeting_with_a_wrong_code(t, title, reply):
    t.server(MX1, fails_at("greeting", reply))
    t.deliver()
    t.says(f"ZConnected to {MX1} but greeting failed.{SAID}{reply}")


@table([(f"{first} {second}", first, second) for first in ("500", "502", "504", "550")
        for second in ("450", "550", "504")])
def name_rejected(t, title, first, second):
    def script(mx):
        mx.says("220 mx.example")
        mx.hears("EHLO me.example")
        mx.says(f"{first} not that")
        mx.hears("HELO me.example")
        mx.says(f"{second} nor this")
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver()
    # contract.md#ehlo: the reply to EHLO is the reason
    t.says(f"ZConnected to {MX1} but my name was rejected.{SAID}{first} not that")


@table([(reply, reply) for reply in ("450 later", "451 later", "421 busy")])
def name_rejected_for_now(t, title, reply):
    # 4xx to EHLO: HELO is not tried
    t.server(MX1, fails_at("hello", reply, then=lambda mx: mx.ends() if reply.startswith("421")
                           else mx.hears_quit()))
    t.deliver()
    t.says(f"ZConnected to {MX1} but my name was rejected.{SAID}{reply}")


@table([("500",), ("502",), ("504",), ("550",), ("554",)])
def helo_after_ehlo_is_refused(t, code):
    def script(mx):
        mx.says("220 old.example")
        mx.hears("EHLO me.example")
        mx.says(f"{code} what")
        mx.hears("HELO me.example")
        mx.says("250 old.example")
        mx.takes_message()
    taken_by(t, MX1, script)
    t.body()


@table([(reply, reply) for reply in ("421 busy", "450 later", "451 4.3.0 later", "452 full",
                                     "500 no", "501 no", "550 5.7.1 not you", "553 no", "554 no",
                                     "599 no", "499 no")])
def sender_rejected(t, title, reply):
    letter = "D" if reply.startswith("5") else "Z"
    t.server(MX1, fails_at("mail", reply, then=lambda mx: mx.ends() if reply.startswith("421")
                           else mx.hears_quit()))
    t.deliver()
    t.says(f"{letter}Connected to {MX1} but sender was rejected.{SAID}{reply}")


@table([("550 5.1.1 unknown",), ("551 moved",), ("552 full",), ("553 bad",), ("554 no",),
        ("500 what",), ("450 grey",), ("451 4.7.1 later",), ("452 too many",), ("499 x",)])
def the_only_recipient_refused(t, reply):
    letter = "h" if reply.startswith("5") else "s"
    t.server(MX1, fails_at("rcpt", reply, then=lambda mx: mx.hears_quit()))
    t.deliver()
    t.says(f"{letter}{MX1} does not like recipient.{SAID}{reply}", f"DGiving up on {MX1}.")


@table([("550 450 552", "hsh"), ("450 450 450", "sss"), ("550 550 550", "hhh"),
        ("250 550 250", "rhr"), ("450 250 550", "srh"), ("251 252 250", "rrr"),
        ("299 200 255", "rrr"), ("550 550 250", "hhr"), ("250 450 450", "rss")])
def several_recipients(t, codes, letters):
    recipients = [f"joe{number}@dest.example" for number in range(3)]

    def script(mx):
        mx.greets()
        mx.hears("MAIL FROM:<sender@me.example>")
        mx.says("250 ok")
        for recipient, code in zip(recipients, codes.split()):
            mx.hears(f"RCPT TO:<{recipient}>")
            mx.says(f"{code} about {recipient}")
        if "r" in letters:
            mx.takes_data()
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver(recipients=recipients)
    wanted = ["r" if letter == "r" else
              f"{letter}{MX1} does not like recipient.{SAID}{code} about {recipient}"
              for letter, code, recipient in zip(letters, codes.split(), recipients)]
    t.says(*wanted, ACCEPTED if "r" in letters else f"DGiving up on {MX1}.")


@table([(reply, reply) for reply in ("450 later", "451 later", "452 full", "500 no", "503 no",
                                     "550 no", "554 5.7.1 no valid recipients")])
def data_refused(t, title, reply):
    letter = "D" if reply.startswith("5") else "Z"
    t.server(MX1, fails_at("data", reply, then=lambda mx: mx.hears_quit()))
    t.deliver()
    t.says("r", f"{letter}{MX1} failed on DATA command.{SAID}{reply}")


@table([(reply, reply) for reply in ("421 busy", "450 later", "451 4.3.0 later", "452 full",
                                     "500 no", "550 5.7.1 spam", "552 too big", "554 virus")])
def refused_after_the_body(t, title, reply):
    letter = "D" if reply.startswith("5") else "Z"
    t.server(MX1, fails_at("end", reply, then=lambda mx: mx.ends() if reply.startswith("421")
                           else mx.hears_quit()))
    t.deliver()
    t.says("r", f"{letter}{MX1} failed after I sent the message.{SAID}{reply}")
    t.never_mentions("Possible duplicate")


@table([("250 2.0.0 queued as 1234",), ("250",), ("250 ",), ("200 ok",), ("251 fine",),
        ("299 x",), ("250 OK id=<a@b>",)])
def accepted(t, reply):
    t.server(MX1, fails_at("end", reply, then=lambda mx: mx.hears_quit()))
    t.deliver()
    t.says("r", f"K{MX1} accepted message.{SAID}{reply}")


@table([("250-", ["250-", "250 x"]), ("two lines", ["250-one", "250 two"]),
        ("five lines", ["250-a", "250-b", "250-", "250-d", "250"])])
def accepted_in_several_lines(t, title, lines):
    t.server(MX1, fails_at("end", "\r\n".join(lines), then=lambda mx: mx.hears_quit()))
    t.deliver()
    t.says("r", f"K{MX1} accepted message.{SAID}" + "\n".join(lines))


STAGE_REPORTS = {
    "greeting": ("554", f"ZConnected to {MX1} but greeting failed.", []),
    "mail": ("550", f"DConnected to {MX1} but sender was rejected.", []),
    "data": ("550", f"D{MX1} failed on DATA command.", ["r"]),
    "end": ("550", f"D{MX1} failed after I sent the message.", ["r"]),
}


@table([(stage,) for stage in STAGE_REPORTS])
def several_lines_at_each_stage(t, stage):
    code, phrase, before = STAGE_REPORTS[stage]
    lines = [f"{code}-first", f"{code}-second line", f"{code} third"]
    t.server(MX1, fails_at(stage, "\r\n".join(lines)))
    t.deliver()
    t.says(*before, phrase + SAID + "\n".join(lines))


@case
def several_lines_about_a_recipient(t):
    t.server(MX1, fails_at("rcpt", "550-one\r\n550-two\r\n550 three"))
    t.deliver()
    t.says(f"h{MX1} does not like recipient.{SAID}550-one\n550-two\n550 three",
           f"DGiving up on {MX1}.")


@table([("NUL", b"a\0b", "a?b"), ("CR", b"a\rb", "ab"), ("bell", b"a\x07b", "a?b"),
        ("escape", b"a\x1b[31mb", "a?[31mb"), ("TAB", b"a\tb", "a\tb"),
        ("vertical tab", b"a\x0bb", "a?b"), ("form feed", b"a\x0cb", "a?b"),
        ("8-bit", b"a\xe9\xff\x80b", None), ("UTF-8", "grüß".encode(), "grüß"),
        ("all low", bytes(n for n in range(32) if n not in (9, 10, 13)), "?" * 29),
        ("letters of reports", b"K Z D r h s", "K Z D r h s")])
def bytes_of_a_reply(t, title, sent, shown):
    def script(mx):
        up_to(mx, "rcpt")
        mx.sends(b"550 " + sent + b"\r\n")
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver()
    if shown is None:
        shown = sent.decode("utf-8", "surrogateescape")
    t.says(f"h{MX1} does not like recipient.{SAID}550 {shown}", f"DGiving up on {MX1}.")


@case
def report_inside_a_reply_stays_inside(t):
    def script(mx):
        up_to(mx, "rcpt")
        mx.sends(b"550 no\0r\0Kfine\0\r\n")
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver()
    t.says(f"h{MX1} does not like recipient.{SAID}550 no?r?Kfine?", f"DGiving up on {MX1}.")


def kept_of(t, text, reply):
    """How many bytes of the reply are in the report."""
    at = text.find(SAID)
    t.check(at > 0, f"no {SAID!r} in {text[:200]!r}")
    shown = text[at + len(SAID):]
    count = 0
    while count < min(len(shown), len(reply)) and shown[count] == reply[count]:
        count += 1
    return count, len(shown) - count


@table([(stage,) for stage in ("greeting", "mail", "rcpt", "data", "end")])
def five_thousand_bytes_are_kept_of_one_line(t, stage):
    code = "554" if stage == "greeting" else "550"
    reply = code + " " + "".join(f"{number:06d}," for number in range(4000))
    t.server(MX1, fails_at(stage, reply))
    t.deliver()
    kept, more = kept_of(t, t.reports[0] if stage == "rcpt" else t.last, reply)
    t.check(4990 <= kept <= 5000, f"{kept} bytes of the reply were kept")
    t.check(more < 1000, f"{more} bytes follow")


@case
def five_thousand_bytes_are_kept_of_many_lines(t):
    lines = [f"550-line number {number:05d}" for number in range(1000)] + ["550 end"]
    t.server(MX1, fails_at("end", "\r\n".join(lines)))
    t.deliver()
    kept, more = kept_of(t, t.last, "\n".join(lines))
    t.check(4990 <= kept <= 5000, f"{kept} bytes of the reply were kept")


@table([(f"{length}", length) for length in (100, 512, 513, 1000, 2048, 4096, 4900)])
def shorter_replies_are_kept_whole(t, title, length):
    reply = ("554 " + "abcdefghi " * 500)[:length - 1] + "."
    t.server(MX1, fails_at("end", reply))
    t.deliver()
    t.says("r", f"D{MX1} failed after I sent the message.{SAID}{reply}")


@table([(stage, action) for stage in ("hello", "mail", "rcpt", "data")
        for action in ("(closes)",)])
def connection_lost(t, stage, action):
    t.server(MX1, fails_at(stage, action))
    t.deliver()
    t.says_lastly(like(rf"ZConnected to {MX1} but connection died\. (?!Possible)"
                       r"[^\n]*\(#4\.4\.2\)"))


@table([(stage,) for stage in ("hello", "mail", "rcpt", "data")], slow=True)
def connection_timed_out(t, stage):
    t.timeouts(1)
    t.server(MX1, fails_at(stage, "(keeps silent)"))
    t.deliver()
    t.says_lastly(like(rf"ZConnected to {MX1} but connection died\. (?!Possible)"
                       r"[^\n]*\(#4\.4\.2\)"))
    t.within(0.9, 4)


@table([("(closes)",), ("(resets)",), ("(keeps silent)",)], slow=True)
def connection_lost_after_the_final_dot(t, action):
    t.timeouts(1)
    t.server(MX1, fails_at("end", action))
    t.deliver()
    t.says("r", like(rf"ZConnected to {MX1} but connection died\. Possible duplicate! "
                     r"[^\n]*\(#4\.4\.2\)"))


@case
def ipv6_address_in_a_report(t):
    t.server("2001:db8::1", accepts)
    t.deliver("[IPv6:2001:db8::1]")
    t.says("r", f"K2001:db8::1 accepted message.{SAID}250 accepted")


@case
def no_server_answers(t):
    t.deliver()
    t.says(like(r"Z[^\n]*\(#4\.4\.1\)"))
    t.mentions("mx1.dest.example", MX1)


@case
def no_server_answers_at_a_port(t):
    t.control("smtproutes", "dest.example:relay.example:2525")
    t.zone("relay.example A 203.0.113.1")
    t.deliver()
    t.says(like(r"Z.*\(#4\.4\.1\)"))
    t.mentions("relay.example", "203.0.113.1", "2525")


@case
def no_server_answers_in_time(t):
    t.timeouts(5, 1)
    t.zone("dest.example A 192.0.2.9")
    t.deliver()
    t.says(like(r"Z.*\(#4\.4\.1\)"))
    t.within(0.8, 4)


@case
def many_recipients(t):
    many = [f"joe{number}@dest.example" for number in range(500)]
    t.server(MX1, lambda mx: mx.accepts(recipients=many))
    t.deliver(recipients=many)
    t.says(*["r"] * 500, ACCEPTED)


@case
def the_same_recipient_twice(t):
    t.server(MX1, lambda mx: mx.accepts(recipients=[RECIPIENT, RECIPIENT]))
    t.deliver(recipients=[RECIPIENT, RECIPIENT])
    t.says("r", "r", ACCEPTED)


@table([("greeting", "554 no", [f"ZConnected to {MX1} but greeting failed.{SAID}554 no"]),
        ("hello", "450 no", [f"ZConnected to {MX1} but my name was rejected.{SAID}450 no"]),
        ("mail", "550 no", [f"DConnected to {MX1} but sender was rejected.{SAID}550 no"]),
        ("rcpt", "550 no", [f"h{MX1} does not like recipient.{SAID}550 no",
                            f"DGiving up on {MX1}."]),
        ("data", "554 no", ["r", f"D{MX1} failed on DATA command.{SAID}554 no"]),
        ("end", "554 no", ["r", f"D{MX1} failed after I sent the message.{SAID}554 no"]),
        ("end", "250 accepted", ["r", ACCEPTED])])
def reply_and_immediate_close(t, stage, reply, reports):
    # the server may have left before QUIT: the reply is valid
    t.server(MX1, fails_at(stage, reply, then=lambda mx: mx.closes()))
    t.deliver()
    t.says(*reports)
