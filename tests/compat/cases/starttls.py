# contract.md#starttls, contract.md#clear-retry: when it is used, refused, attacked, broken.
# Which certificates are good is in tls_required.
import os
import ssl

from cases.common import (ACCEPTED, in_clear_although_offered, numbered_exchangers, over_tls,
                          taken_by)
from harness.delivery import MX1, MX2, like
from harness.registry import case, table
from harness.scripts import (does, fails_at, hears_no_mail, offers_old_tls_alone,
                             sends_garbage_for_tls, sends_plaintext_after_starttls, starttls_gets,
                             up_to)

TLS12 = ssl.TLSVersion.TLSv1_2


def broken(how):
    """A script whose handshake fails in this way."""
    def script(mx):
        mx.promises_tls()
        if how == "old versions":
            offers_old_tls_alone(mx)
            return
        if how == "wants a certificate":
            # TLS 1.3: the client hears of it at its first read
            if not mx.handshake_fails(asks="stranger", requires=True,
                                      lowest=ssl.TLSVersion.TLSv1_3):
                mx.test.problem("no certificate was required")
            return
        if how == "garbage":
            sends_garbage_for_tls(mx)
            mx.ends()
            return
        mx.sock.recv(1)
        if how == "stalls":
            mx.ends()
        elif how == "alert":
            mx.sends(b"\x15\x03\x03\x00\x02\x02\x28")
            mx.ends()
        elif how == "closes":
            mx.closes()
        elif how == "resets":
            mx.resets()
        elif how == "half a record":
            mx.sends(b"\x16\x03\x03\x10\x00\x02")
            mx.closes()
    return script


BROKEN = ["garbage", "alert", "closes", "resets", "half a record", "old versions",
          "wants a certificate"]


@case
def offered_and_used(t):
    taken_by(t, MX1, over_tls)
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
    taken_by(t, MX1, script)


@table([("not offered", ["SIZE"]), ("another word", ["XSTARTTLS", "STARTTLSX"]), ("text", [
    "HELP STARTTLS"])])
def not_offered(t, title, extensions):
    def script(mx):
        up_to(mx, "rcpt", *extensions)
        mx.says("250 ok")
        mx.takes_data()
        mx.hears_quit()
    taken_by(t, MX1, script)


@table([("454 4.7.0 not now",), ("450 later",), ("500 what",), ("501 no",), ("502 no",),
        ("503 no",), ("554 no",), ("454-not\r\n454 now",)])
def refused_and_not_required(t, reply):
    # the same connection, in clear
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.says(*reply.split("\r\n"))
        mx.takes_message()
    taken_by(t, MX1, script)


@table([("421 busy",), ("(closes)",), ("(resets)",), ("nonsense",), ("354 go",), ("150 x",),
        ("220-a\r\n250 b",)])
def goes_to_the_next_exchanger(t, how):
    t.maybe(MX1, starttls_gets(how), starttls_gets(how))
    taken_by(t, MX2, host="two.example")


@table([("a reply", b"250 injected\r\n"), ("one byte", b"x"), ("CR LF", b"\r\n"),
        ("EHLO's reply", b"250-mx.example\r\n250 AUTH PLAIN\r\n"),
        ("long", b"250-" + b"x" * 3000 + b"\r\n"),
        ("looks like TLS", b"\x16\x03\x03\x00\x02\x02\x28")])
def plaintext_after_the_reply(t, title, injected):
    def script(mx):
        mx.greets("STARTTLS")
        mx.hears("STARTTLS")
        mx.sends(b"220 ready\r\n" + injected)
        if mx.handshake_fails():
            return
        hears_no_mail(mx)
        mx.test.problem("the handshake came about")
    t.server(MX1, script)  # no second connection, in clear or not
    t.deliver()
    t.says(like("Z"))
    t.never_mentions("Possible duplicate")


@case
def plaintext_after_a_reply_of_several_lines(t):
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
    t.server(MX1, sends_plaintext_after_starttls)
    t.maybe(MX2, sends_plaintext_after_starttls)
    t.deliver("two.example")
    t.says(like("Z"))


@table([(how,) for how in BROKEN])
def broken_handshake_then_clear(t, how):
    taken_by(t, MX1, broken(how), in_clear_although_offered)
    t.body()


@case(slow=True)
def stalled_handshake_then_clear(t):
    t.timeouts(2, 6)
    taken_by(t, MX1, broken("stalls"), in_clear_although_offered)
    t.within(1.5, 9)


@table([(how,) for how in BROKEN])
def broken_handshake_then_the_other_exchanger(t, how):
    t.server(MX1, broken(how))
    taken_by(t, MX2, lambda mx: mx.over_tls(cert="mx2.dest.example"), host="two.example")
    t.equal(t.contacts, [MX1, MX2], "connections")


@table([(how,) for how in ("garbage", "closes", "old versions")])
def broken_handshake_then_the_other_exchanger_in_clear(t, how):
    t.server(MX1, broken(how))
    taken_by(t, MX2, host="two.example")


@case
def clear_only_after_the_other_exchanger_is_found_dead(t):
    taken_by(t, MX1, broken("garbage"), in_clear_although_offered, host="two.example")


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
    taken_by(t, MX1, broken("garbage"), in_clear_although_offered, stdin=reading)
    os.close(reading)
    t.body()


@case
def broken_handshakes_do_not_use_up_the_sessions(t):
    # amended: a session that ended in TLS that nothing requires does not count among the five
    for address in numbered_exchangers(t, 8):
        t.maybe(address, broken("garbage"), in_clear_although_offered)
    t.deliver()
    t.says("r", like("K"))
    t.check(len(t.contacts) == 9, f"eight with TLS and one in clear: {t.contacts!r}")


@case
def five_sessions_at_most_in_clear_after_broken_handshakes(t):
    for address in numbered_exchangers(t, 8):
        t.maybe(address, broken("garbage"), lambda mx: mx.says("421 busy"))
    t.deliver()
    t.says(like("Z"))
    t.check(len(t.contacts) == 13, f"eight with TLS and five in clear: {t.contacts!r}")


@case(slow=True)
def all_within_one_total_time(t):
    # four exchangers stall, and stall again in clear: timeoutconnect + timeoutremote bound it
    t.timeouts(2, 1)
    for address in numbered_exchangers(t, 4):
        t.maybe(address, broken("stalls"), lambda mx: mx.ends())
    t.deliver()
    t.says(like("Z"))
    t.within(1.5, 8)


CERTIFICATES = ["expired", "not-yet-valid", "self-signed", "unknown-authority", "wrong-name",
                "chain-missing", "rsa", "ed25519", "weak-rsa", "cn-only", "address-only"]


@table([(cert,) for cert in CERTIFICATES])
def opportunistic_verifies_nothing(t, cert):
    taken_by(t, MX1, lambda mx: mx.over_tls(cert=cert))


@table([(cert,) for cert in CERTIFICATES if cert != "ed25519"])
def opportunistic_verifies_nothing_with_tls_1_2(t, cert):
    taken_by(t, MX1, lambda mx: mx.over_tls(cert=cert, highest=TLS12))
    t.equal(t.connections[0].tls_version, "TLSv1.2", "version")


@table([("ECDHE-RSA-AES128-SHA", "rsa"), ("AES128-SHA", "rsa"), ("AES256-GCM-SHA384", "rsa"),
        ("ECDHE-ECDSA-AES256-SHA", "mx1.dest.example")])
def old_ciphers_of_tls_1_2(t, cipher, cert):
    taken_by(t, MX1, lambda mx: mx.over_tls(cert=cert, highest=TLS12,
                                            ciphers=cipher + ":@SECLEVEL=0"))


@case
def second_ehlo_counts(t):
    # extensions of the first EHLO are forgotten (RFC 3207 4.2)
    def script(mx):
        mx.greets("STARTTLS", "PIPELINING", "CHUNKING", "SIZE 10", "8BITMIME", "SMTPUTF8")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers()
        mx.takes_message()
    taken_by(t, MX1, script)


@case
def starttls_is_not_used_twice(t):
    def script(mx):
        mx.greets("STARTTLS")
        mx.starts_tls()
        mx.hears("EHLO me.example")
        mx.offers("STARTTLS")
        mx.takes_message()
    taken_by(t, MX1, script)


@table([("(closes)",), ("(resets)",), ("nonsense",)])
def doubt_over_tls(t, how):
    def script(mx):
        mx.in_tls()
        mx.takes_envelope()
        mx.takes_data(reply=None)
        does(mx, how)
    t.server(MX1, script)
    t.never(MX2)
    t.deliver("two.example")
    t.says("r", like("Z.*Possible duplicate!"))


@case
def lost_over_tls_before_the_final_dot(t):
    def script(mx):
        mx.in_tls()
        mx.hears("MAIL FROM:<sender@me.example>")
        mx.closes()
    t.maybe(MX1, script, in_clear_although_offered)
    taken_by(t, MX2, lambda mx: mx.over_tls(cert="mx2.dest.example"), host="two.example")


@case
def acceptance_that_came_before_the_message_over_tls(t):
    def script(mx):
        mx.in_tls()
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
        mx.promises_tls()
        mx.sock.recv(1)  # what comes before the client's hello would be plaintext
        mx.drips(b"\x16\x03\x03\x3f\x00\x02\x00\x3e\xfc\x03\x03" + b"x" * 60, 0.3)
        mx.ends()
    t.timeouts(2, 6)
    taken_by(t, MX1, script, in_clear_although_offered)
    t.within(1.5, 9)


@case
def large_message_over_tls(t):
    message = b"".join(b".line %d\n" % number for number in range(400_000))
    taken_by(t, MX1, over_tls, message=message)
    t.body(message.replace(b"\n", b"\r\n").replace(b".line", b"..line"))
