# tern route: what decides, where the mail would go, and whether it would go at all.
SENDER, RECIPIENT = "ann@me.example", "joe@dest.example"
MX1, MX2 = "198.51.100.1", "198.51.100.2"


def _route(t, sender=SENDER, recipient=RECIPIENT, status=0):
    answer = t.asks_json("route", sender, recipient, status=status)
    t.equal(len(answer["routes"]), 1, "routes")
    return answer["routes"][0]


def _addresses(route):
    return [each["address"] for hop in route["hops"] for server in hop["servers"]
            for each in server["addresses"]]


def by_mx(t):
    t.asks("route", SENDER, "joe@two.example")
    t.prints("joe@two.example", "no route: the MX records of the domain",
            "the exchangers of two.example", "mx1.dest.example, preference 10",
            "mx2.dest.example, preference 20", MX1, MX2, "EHLO name me.example",
            "TLS used if offered, certificate not verified", "result      would be attempted")
    route = _route(t, recipient="joe@two.example")
    t.equal([server["preference"] for server in route["hops"][0]["servers"]], [10, 20],
            "preferences")
    t.equal(_addresses(route), [MX1, MX2], "addresses")
    t.check("decided_by" not in route, "a file decided")


def no_server_is_called(t):
    t.never(MX1)
    before = t.network.connections_tried()
    t.asks("route", SENDER, RECIPIENT)
    t.equal(t.network.connections_tried(), before, "connections")


def by_smtproutes(t):
    t.control("smtproutes", "# relays\n.dest.example:wrong.example\n"
                            "dest.example:[198.51.100.7]:2525, relay.example;26\n:default.example")
    t.more_zone("relay.example A 198.51.100.8\ndefault.example AAAA 2001:db8::9")
    route = _route(t)
    t.equal(route["decided_by"], {"file": "control/smtproutes", "line": 3}, "origin")
    t.equal([hop["to"] for hop in route["hops"]],
            ["relay [198.51.100.7], port 2525", "relay relay.example, port 26"], "hops")
    t.equal(_addresses(route), ["198.51.100.7", "198.51.100.8"], "addresses")
    route = _route(t, recipient="x@y.example")
    t.equal(route["decided_by"]["line"], 4, "the default's line")
    t.equal(_addresses(route), ["2001:db8::9"], "the default's address")


def relay_by_mx(t):
    t.control("smtproutes", ":dest.example/mx")
    route = _route(t, recipient="x@y.example")
    t.equal(route["hops"][0]["to"], "relay dest.example, port 25, by MX records", "hop")
    t.equal(_addresses(route), [MX1], "addresses")


def by_sender_and_with_a_password(t):
    path = t.control("authsenders", "ann@me.example:relay.example:587|user|geheim")
    path.chmod(0o600)
    t.more_zone("relay.example A 198.51.100.8")
    t.asks("route", SENDER, RECIPIENT)
    t.prints("control/authsenders, line 1", "with user and password (not shown)",
            "TLS required, certificate not verified (control/authsenders, line 1")
    t.never_prints("|user")
    route = _route(t)
    t.equal(route["credentials"], True, "credentials")
    t.equal(_route(t, sender="other@me.example")["credentials"], False, "another sender")
    t.control("notlshosts/relay.example")
    t.asks("route", SENDER, RECIPIENT, status=111)
    t.prints("excludes TLS", "would be deferred")


def password_after_blanks(t):
    t.control("smtproutes", ":relay.example:587 user geheim").chmod(0o600)
    t.more_zone("relay.example A 198.51.100.8")
    t.asks("route", SENDER, RECIPIENT)
    t.prints("control/smtproutes, line 1", "user and password (not shown)")
    t.control("authmechanisms", "PLAN")
    t.asks("route", SENDER, RECIPIENT, status=111)
    t.prints("control/authmechanisms: the file names no mechanism")


def exempt_sender(t):
    t.control("authsenders", "ann@me.example:\n:other.example")
    t.more_zone("other.example A 198.51.100.8")
    t.check("decided_by" not in _route(t), "a file decided")
    t.equal(_route(t, sender="bob@me.example")["decided_by"]["line"], 2, "line")


def token_file(t):
    t.control("smtproutes", f":relay.example:587|user|token:{t.home}/token")
    t.more_zone("relay.example A 198.51.100.8")
    t.asks("route", SENDER, RECIPIENT, status=111)
    t.prints("token", "does not exist", "would be deferred")
    (t.home / "token").write_text("tok-123\n")
    t.asks("route", SENDER, RECIPIENT)
    t.prints("with user and access token (not shown)")


def null_sender(t):
    t.control("smtproutes", "!@:bounces.example\ndest.example:relay.example")
    t.more_zone("relay.example A 198.51.100.8\nbounces.example A 198.51.100.9")
    for sender in ("", "<>"):
        t.equal(_addresses(_route(t, sender=sender)), ["198.51.100.9"], "for bounces")
    t.equal(_addresses(_route(t)), ["198.51.100.8"], "for mail")


def by_route_file(t):
    t.more_zone("relay.example A 198.51.100.8")
    t.control("smtproutes.d/*.example", "relay=relay.example\noutgoingip=192.0.2.1")
    route = _route(t)
    t.equal(route["decided_by"]["file"], "control/smtproutes.d/*.example", "origin")
    t.equal(route["sources"][0]["address"], "192.0.2.1", "source")


def by_qmtp(t):
    t.control("qmtproutes", "dest.example:[198.51.100.7]")
    t.asks("route", SENDER, RECIPIENT)
    t.prints("control/qmtproutes, line 1", "port 209, by QMTP")
    t.equal(_route(t)["protocol"], "qmtp", "protocol")


def several_recipients(t):
    t.control("smtproutes", "b.example:[198.51.100.9]")
    answer = t.asks_json("route", SENDER, "a@dest.example", "x@b.example", "b@DEST.example")
    t.equal([route["recipients"] for route in answer["routes"]],
            [["a@dest.example", "b@DEST.example"], ["x@b.example"]], "groups")


def domain_alone(t):
    t.equal(_addresses(_route(t, recipient="dest.example")), [MX1], "addresses")


def literals(t):
    t.equal(_addresses(_route(t, recipient="joe@[198.51.100.5]")), ["198.51.100.5"], "IPv4")
    t.equal(_addresses(_route(t, recipient="joe@[IPv6:2001:db8::5]")), ["2001:db8::5"], "IPv6")


def tls_rules(t):
    t.control("tlshosts/mx1.dest.example.pem", t.certificates.text("ca"))
    t.control("notlshosts/mx2.dest.example")
    t.asks("route", SENDER, "joe@two.example")
    t.prints("TLS required, certificate verified (control/tlshosts/mx1.dest.example.pem)",
            "TLS disabled (control/notlshosts/mx2.dest.example)")
    t.control("smtproutes", ":[198.51.100.1]:465")
    t.asks("route", SENDER, "joe@two.example")
    t.prints("TLS from the first byte (port 465)")


def partial_tls(t):
    """A domain whose mail can pass by the exchanger that requires TLS is pointed out."""
    t.control("tlshosts/mx1.dest.example.pem", t.certificates.text("ca"))
    t.asks("route", SENDER, "joe@two.example")
    t.prints("warning     TLS is required at mx1.dest.example but not at mx2.dest.example",
            "add control/tlshosts/mx2.dest.example.pem")
    t.equal(len(_route(t, recipient="joe@two.example")["warnings"]), 1, "warnings")
    t.equal(_route(t)["warnings"], [], "of a domain with one exchanger")
    t.control("tlshosts/mx2.dest.example.pem", t.certificates.text("ca"))
    t.equal(_route(t, recipient="joe@two.example")["warnings"], [], "where all require it")
    t.control("smtproutes", "two.example:mx1.dest.example,[198.51.100.9]")
    t.asks("route", SENDER, "joe@two.example")
    t.prints("but not at 198.51.100.9", "give every server by name")


def tlsdestinations(t):
    t.control("tlsdestinations", "-mx1.dest.example:")
    t.asks("route", SENDER, "joe@two.example", status=111)
    t.prints("control/tlsdestinations, line 1", "would be deferred")
    # A delivery reads the terms of the second exchanger when the first did not take the mail.
    t.control("tlsdestinations", "-mx2.dest.example:")
    t.asks("route", SENDER, "joe@two.example")
    t.prints("server      mx1.dest.example, preference 10", "then        Unable to read control",
            "control/tlsdestinations, line 1", "would be attempted")
    t.asks("route", SENDER, RECIPIENT)


def source_and_hello_name(t):
    t.control("outgoingip", "192.0.2.1")
    t.control("helohostbyip", "192.0.2.1:mail.me.example")
    route = _route(t)
    t.equal(route["sources"], [{"family": "IPv4", "address": "192.0.2.1",
                                "decided_by": {"file": "control/outgoingip", "line": 1},
                                "hello_name": "mail.me.example"}], "sources")
    t.control("domainips", "me.example:192.0.2.1|special.me.example")
    t.equal(_route(t)["sources"][0]["hello_name"], "special.me.example", "hello by domainips")
    t.without_control("outgoingip")
    t.without_control("domainips")
    t.asks("route", SENDER, RECIPIENT)
    t.prints("address chosen by the system, EHLO name from control/helohostbyip")


def back_off(t):
    t.tcpto((MX1, 2, 30))
    before = t.tcpto_bytes()
    t.asks("route", SENDER, "joe@two.example")
    t.prints(f"{MX1} port 25, skipped: timed out recently")
    t.asks("route", SENDER, RECIPIENT, status=111)
    t.prints("would be deferred")
    t.equal(t.tcpto_bytes(), before, "the table")


def families(t):
    t.more_zone("mx1.dest.example AAAA 2001:db8::1")
    t.equal(_addresses(_route(t)), [MX1, "2001:db8::1"], "both")
    t.asks("route", "-6", SENDER, RECIPIENT)
    t.prints("2001:db8::1")
    t.never_prints(MX1 + " port")
    t.control("addresspreference", "ipv6")
    t.equal(_addresses(_route(t)), ["2001:db8::1", MX1], "IPv6 first")


def ipv6_without_a_source(t):
    t.more_zone("mx1.dest.example AAAA 2001:db8::1\nonly6.example AAAA 2001:db8::6")
    t.control("outgoingip", "192.0.2.1")
    t.asks("route", SENDER, RECIPIENT)
    t.prints("from IPv6", "not used: control/outgoingip, line 1 names an address for IPv4")
    route = _route(t)
    t.equal(_addresses(route), [MX1], "addresses")
    t.equal(route["without_ipv6"], {"file": "control/outgoingip", "line": 1}, "the line")
    t.control("outgoingip6", "::")
    route = _route(t)
    t.equal(_addresses(route), [MX1, "2001:db8::1"], "with ::")
    t.check("without_ipv6" not in route, "IPv6 is used")
    t.without_control("outgoingip6")
    t.control("addresspreference", "ipv6")
    t.equal(_addresses(_route(t)), ["2001:db8::1", MX1], "preferred")
    t.without_control("addresspreference")
    t.asks("route", SENDER, "joe@only6.example", status=111)
    t.prints("only IPv6 addresses", "control/outgoingip6")


def would_bounce(t):
    t.more_zone("none.example MX 0 .\nourselves.example A 192.0.2.1\nempty.example EXISTS")
    for recipient, phrase in (("joe@missing.example", "missing.example"),
                              ("joe@none.example", "none.example"),
                              ("joe@ourselves.example", "ourselves.example"),
                              ("joe@empty.example", "empty.example"),
                              ("joe smith\x07@dest.example", "control character")):
        t.asks("route", SENDER, recipient, status=1)
        t.prints(phrase, "would bounce")
        t.equal(_route(t, recipient=recipient, status=1)["expectation"], "bounce", recipient)
    t.asks("route", "ann@bad domain", RECIPIENT, status=1)
    t.prints("would bounce")


def would_wait(t):
    t.more_zone("broken.example SERVFAIL")
    t.asks("route", SENDER, "joe@broken.example", status=111)
    t.prints("SERVFAIL", "would be deferred")
    t.control("smtproutes", "fine.example:[198.51.100.3]\ndest.example:2001:db8::1")
    t.asks("route", SENDER, RECIPIENT, status=111)
    t.prints("control/smtproutes, line 2", "would be deferred")
    t.asks("route", SENDER, "joe@fine.example")
    t.asks("route", SENDER, "joe@fine.example", "joe@broken.example", "joe@missing.example",
           status=1)


def as_the_delivery_goes(t):
    """The first server that it names is the one that qmail-remote calls."""
    t.control("smtproutes", "dest.example:[198.51.100.77], mx2.dest.example:2525")
    route = _route(t)
    t.equal(_addresses(route), ["198.51.100.77", MX2], "addresses")
    t.server(MX2, lambda mx: mx.accepts(sender=SENDER), port=2525)
    t.deliver(sender=SENDER)
    t.says_lastly(f"K{MX2} accepted message.\nRemote host said: 250 accepted")


def hostile_answers(t):
    """Names and files of strangers come out harmless."""
    t.control("smtproutes", b"dest.example:\x1b[31mred\x9b31m\xe2\x80\xae|user|geheim")
    t.asks("route", SENDER, RECIPIENT, status=111)
    t.asks("route", SENDER, "\x1b]0;x\x07@\x9b.example", status=1)
    t.asks_json("route", "\x1b[2J@x.example", "a@b\u202e.example", status=1)
