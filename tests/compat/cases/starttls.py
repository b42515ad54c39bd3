# contract.md#starttls, contract.md#clear-retry: when it is used, refused, attacked, broken.
# Which certificates are good stands in tls_demanded.
import os
import ssl

from harness.delivery import MX1, MX2, like
from harness.registry import case, table
from harness.scripts import fails_at, hears_no_mail
from harness.smtp_server import HandshakeFailed

ACCEPTED = f"K{MX1} accepted message.\nRemote host said: 250 accepted"
ACCEPTED_2 = f"K{MX2} accepted message.\nRemote host said: 250 accepted"
TLS11 = ssl.TLSVersion.TLSv1_1
TLS12 = ssl.TLSVersion.TLSv1_2


def over_tls(mx):
    mx.over_tls()


def in_clear_although_offered(mx):
    """The session that takes place after a failed handshake: no STARTTLS again."""
    mx.accepts("STARTTLS")


def broken(how):
    """A script whose handshake fails in this way."""
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.says("220 ready")
        if how == "old versions":
            try:
                mx.shakes_hands(highest=TLS11)
            except HandshakeFailed:
                return
            mx.test.problem("TLS below 1.2 was accepted")
            return
        if how == "wants a certificate":
            # TLS 1.3: the client hears of it at its first read
            try:
                mx.shakes_hands(asks="stranger", requires=True, lowest=ssl.TLSVersion.TLSv1_3)
            except HandshakeFailed:
                return
            mx.test.problem("no certificate was demanded")
            return
        mx.sock.recv(1)
        if how == "garbage":
            mx.sends(b"this is not a handshake at all, really it is not\r\n")
            mx.ends()
        elif how == "alert":
            mx.sends(b"\x15\x03\x03\x00\x02\x02\x28")
            mx.ends()
        elif how == "closes":
            mx.closes()
        elif how == "resets":
            mx.resets()
        elif how == "stalls":
            mx.ends()
        elif how == "half a record":
            mx.sends(b"\x16\x03\x03\x10\x00\x02")
            mx.closes()
    return script


BROKEN = ["garbage", "alert", "closes", "resets", "half a record", "old versions",
          "wants a certificate"]


@case
def offered_and_used(t):
    t.server(MX1, over_tls)
    t.deliver()
    t.says("r", ACCEPTED)
    t.body()
    t.equal(t.connections[0].sni, "mx1.dest.example", "SNI")
    t.equal(t.connections[0].tls_version, "TLSv1.3", "version")


@table([("STARTTLS",), ("starttls",), ("StartTLS",)])
def keyword_in_any_case(t, word):
    def script(mx):
        mx.greets("SIZE 1000000", word, "HELP")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_message()
    t.server(MX1, script)
    t.deliver()
    t.says("r", ACCEPTED)


@table([("not offered", ["SIZE"]), ("another word", ["XSTARTTLS", "STARTTLSX"]), ("text", [
    "HELP STARTTLS"])])
def not_offered(t, title, extensions):
    def script(mx):
        mx.greets(*extensions)
        mx.hears("MAIL FROM:<sender@me.example>...")
        mx.says("250 ok")
        mx.hears("RCPT TO:<joe@dest.example>")
        mx.says("250 ok")
        mx.takes_data()
        mx.hears_quit()
    t.server(MX1, script)
    t.deliver()
    t.says("r", ACCEPTED)


@table([("454 4.7.0 not now",), ("450 later",), ("500 what",), ("501 no",), ("502 no",),
        ("503 no",), ("554 no",), ("454-not\r\n454 now",)])
def refused_and_not_demanded(t, reply):
    # the same connection, in clear
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.says(*reply.split("\r\n"))
        mx.takes_message()
    t.server(MX1, script)
    t.deliver()
    t.says("r", ACCEPTED)


@table([("421 busy",), ("(closes)",), ("(resets)",), ("nonsense",), ("354 go",), ("150 x",),
        ("220-a\r\n250 b",)])
def goes_to_the_next_exchanger(t, how):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        if how == "(closes)":
            mx.closes()
        elif how == "(resets)":
            mx.resets()
        else:
            mx.says(*how.split("\r\n"))
            mx.ends()
    t.maybe(MX1, script, script)
    t.server(MX2, lambda mx: mx.accepts())
    t.deliver("two.example")
    t.says("r", ACCEPTED_2)


@table([("a reply", b"250 injected\r\n"), ("one byte", b"x"), ("CR LF", b"\r\n"),
        ("EHLO's reply", b"250-mx.example\r\n250 AUTH PLAIN\r\n"),
        ("long", b"250-" + b"x" * 3000 + b"\r\n"),
        ("looks like TLS", b"\x16\x03\x03\x00\x02\x02\x28")])
def plaintext_behind_the_reply(t, title, injected):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.sends(b"220 ready\r\n" + injected)
        try:
            mx.shakes_hands()
        except HandshakeFailed:
            return
        hears_no_mail(mx)
        mx.test.problem("the handshake came about")
    t.server(MX1, script)  # no second connection, in clear or not
    t.deliver()
    t.says(like("Z"))
    t.never_mentions("Possible duplicate")


@case
def plaintext_behind_a_reply_of_several_lines(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.sends(b"220-ready\r\n220 go\r\n250 injected\r\n")
        hears_no_mail(mx)
    t.server(MX1, script)
    t.deliver()
    t.says(like("Z"))


@case
def plaintext_is_never_retried_in_clear(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.sends(b"220 ready\r\n250 injected\r\n")
        hears_no_mail(mx)
    t.server(MX1, script)
    t.maybe(MX2, script)
    t.deliver("two.example")
    t.says(like("Z"))


@table([(how,) for how in BROKEN])
def broken_handshake_then_clear(t, how):
    t.server(MX1, broken(how), in_clear_although_offered)
    t.deliver()
    t.says("r", ACCEPTED)
    t.body()


@case(slow=True)
def stalled_handshake_then_clear(t):
    t.timeouts(2, 6)
    t.server(MX1, broken("stalls"), in_clear_although_offered)
    t.deliver()
    t.says("r", ACCEPTED)
    t.within(1.5, 9)


@table([(how,) for how in BROKEN])
def broken_handshake_then_the_other_exchanger(t, how):
    t.server(MX1, broken(how))
    t.server(MX2, lambda mx: mx.over_tls(cert="mx2.dest.example"))
    t.deliver("two.example")
    t.says("r", ACCEPTED_2)
    t.equal(t.contacts, [MX1, MX2], "connections")


@table([(how,) for how in ("garbage", "closes", "old versions")])
def broken_handshake_then_the_other_exchanger_in_clear(t, how):
    t.server(MX1, broken(how))
    t.server(MX2, lambda mx: mx.accepts())
    t.deliver("two.example")
    t.says("r", ACCEPTED_2)


@case
def clear_only_after_the_other_exchanger_is_found_dead(t):
    t.server(MX1, broken("garbage"), in_clear_although_offered)
    t.deliver("two.example")
    t.says("r", ACCEPTED)


@table([("greeting", "554 no"), ("hello", "421 busy"), ("mail", "451 later")])
def clear_only_after_the_other_exchanger_failed(t, stage, reply):
    t.server(MX1, broken("garbage"), in_clear_although_offered)
    t.server(MX2, fails_at(stage, reply))
    t.deliver("two.example")
    t.says("r", ACCEPTED)
    t.equal(t.contacts, [MX1, MX2, MX1], "connections")


@case
def both_handshakes_broken_then_clear(t):
    t.server(MX1, broken("garbage"), in_clear_although_offered)
    t.maybe(MX2, broken("garbage"))
    t.deliver("two.example")
    t.says("r", ACCEPTED)
    t.equal(t.contacts, [MX1, MX2, MX1], "connections")


@table([("mail", "550 no", f"DConnected to {MX2} but sender was rejected."),
        ("data", "554 no", f"D{MX2} failed on DATA command."),
        ("end", "451 no", f"Z{MX2} failed after I sent the message.")])
def no_clear_once_the_other_exchanger_settled_it(t, stage, reply, phrase):
    t.server(MX1, broken("garbage"))
    t.server(MX2, fails_at(stage, reply))
    t.deliver("two.example")
    t.says_lastly(f"{phrase}\nRemote host said: {reply}")


@case
def no_clear_after_a_doubt(t):
    t.server(MX1, broken("garbage"))
    t.server(MX2, fails_at("end", "(closes)"))
    t.deliver("two.example")
    t.says_lastly(like("Z.*Possible duplicate!"))


@case
def pipe_goes_out_in_clear_after_a_broken_handshake(t):
    reading, writing = os.pipe()
    os.write(writing, b"Subject: a test\n\nHello.\n")
    os.close(writing)
    t.server(MX1, broken("garbage"), in_clear_although_offered)
    t.deliver(stdin=reading)
    os.close(reading)
    t.says("r", ACCEPTED)
    t.body()


@case
def broken_handshakes_do_not_use_up_the_sessions(t):
    # amended: a session that ended in TLS that nothing requires does not count among the five
    t.zone("".join(f"""
        dest.example         MX {number} mx{number}.dest.example
        mx{number}.dest.example A 198.51.100.{number}
    """ for number in range(1, 9)))
    for number in range(1, 9):
        t.maybe(f"198.51.100.{number}", broken("garbage"), lambda mx: mx.accepts("STARTTLS"))
    t.deliver()
    t.says("r", like("K"))
    t.check(len(t.contacts) == 9, f"eight with TLS and one in clear: {t.contacts!r}")


@case
def five_sessions_at_most_in_clear_behind_broken_handshakes(t):
    t.zone("".join(f"""
        dest.example         MX {number} mx{number}.dest.example
        mx{number}.dest.example A 198.51.100.{number}
    """ for number in range(1, 9)))
    for number in range(1, 9):
        t.maybe(f"198.51.100.{number}", broken("garbage"), lambda mx: mx.says("421 busy"))
    t.deliver()
    t.says(like("Z"))
    t.check(len(t.contacts) == 13, f"eight with TLS and five in clear: {t.contacts!r}")


@case(slow=True)
def all_within_one_total_time(t):
    # four exchangers stall, and stall again in clear: timeoutconnect + timeoutremote bound it
    t.timeouts(2, 1)
    t.zone("".join(f"""
        dest.example         MX {number} mx{number}.dest.example
        mx{number}.dest.example A 198.51.100.{number}
    """ for number in range(1, 5)))
    for number in range(1, 5):
        t.maybe(f"198.51.100.{number}", broken("stalls"), lambda mx: mx.ends())
    t.deliver()
    t.says(like("Z"))
    t.within(1.5, 8)


CERTIFICATES = ["expired", "not-yet-valid", "self-signed", "unknown-authority", "wrong-name",
                "chain-missing", "rsa", "ed25519", "weak-rsa", "cn-only", "address-only"]


@table([(cert,) for cert in CERTIFICATES])
def opportunistic_verifies_nothing(t, cert):
    t.server(MX1, lambda mx: mx.over_tls(cert=cert))
    t.deliver()
    t.says("r", ACCEPTED)


@table([(cert,) for cert in CERTIFICATES if cert != "ed25519"])
def opportunistic_verifies_nothing_with_tls_1_2(t, cert):
    t.server(MX1, lambda mx: mx.over_tls(cert=cert, highest=TLS12))
    t.deliver()
    t.says("r", ACCEPTED)
    t.equal(t.connections[0].tls_version, "TLSv1.2", "version")


@table([("ECDHE-RSA-AES128-SHA", "rsa"), ("AES128-SHA", "rsa"), ("AES256-GCM-SHA384", "rsa"),
        ("ECDHE-ECDSA-AES256-SHA", "mx1.dest.example")])
def old_ciphers_of_tls_1_2(t, cipher, cert):
    t.server(MX1, lambda mx: mx.over_tls(cert=cert, highest=TLS12,
                                         ciphers=cipher + ":@SECLEVEL=0"))
    t.deliver()
    t.says("r", ACCEPTED)


@case
def second_ehlo_counts(t):
    # extensions of the first EHLO are forgotten (RFC 3207 4.2)
    def script(mx):
        mx.greets("STARTTLS", "PIPELINING", "CHUNKING", "SIZE 10", "8BITMIME", "SMTPUTF8")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_message()
    t.server(MX1, script)
    t.deliver()
    t.says("r", ACCEPTED)


@case
def starttls_is_not_used_twice(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers("STARTTLS")
        mx.takes_message()
    t.server(MX1, script)
    t.deliver()
    t.says("r", ACCEPTED)


@table([("(closes)",), ("(resets)",), ("nonsense",)])
def doubt_over_tls(t, how):
    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_envelope()
        mx.takes_data(reply=None)
        if how == "(closes)":
            mx.closes()
        elif how == "(resets)":
            mx.resets()
        else:
            mx.says(how)
            mx.ends()
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", like("Z.*Possible duplicate!"))


@case
def lost_over_tls_before_the_final_dot(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.hears("MAIL FROM:<sender@me.example>")
        mx.closes()
    t.maybe(MX1, script, lambda mx: mx.accepts("STARTTLS"))
    t.server(MX2, lambda mx: mx.over_tls(cert="mx2.dest.example"))
    t.deliver("two.example")
    t.says("r", ACCEPTED_2)


@case
def acceptance_that_came_before_the_message_over_tls(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_envelope()
        mx.hears("DATA")
        mx.sends(b"354 go ahead\r\n250 accepted\r\n")
        mx.ends()
    t.timeouts(2)
    t.server(MX1, script)
    t.deliver()
    t.says_lastly(like("Z"))


@case(slow=True)
def dripping_reply_over_tls(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.drips(b"250 a server that takes its time about everything\r\n", 0.3)
        mx.ends()
    t.timeouts(2)
    t.maybe(MX1, script, lambda mx: mx.ends())
    t.deliver()
    t.says_lastly(like("Z"))
    t.within(1.8, 8)


@case(slow=True)
def dripping_handshake(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.says("220 ready")
        mx.sock.recv(1)  # what comes before the client's hello would be plaintext
        mx.drips(b"\x16\x03\x03\x3f\x00\x02\x00\x3e\xfc\x03\x03" + b"x" * 60, 0.3)
        mx.ends()
    t.timeouts(2, 6)
    t.server(MX1, script, in_clear_although_offered)
    t.deliver()
    t.says("r", ACCEPTED)
    t.within(1.5, 9)


@case
def large_message_over_tls(t):
    message = b"".join(b".line %d\n" % number for number in range(400_000))
    t.server(MX1, over_tls)
    t.deliver(message=message)
    t.says("r", ACCEPTED)
    t.body(message.replace(b"\n", b"\r\n").replace(b".line", b"..line"))
