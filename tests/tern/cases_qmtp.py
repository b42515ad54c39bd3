# Mail by QMTP: qmail-remote sends what tern-sink takes, and tern says the same beforehand.
import contextlib
import json
import pathlib
import subprocess
import tempfile
import time

ADDRESS, SECOND = "198.51.100.7", "198.51.100.8"
SENDER = "sender@me.example"
FIRST, OTHER, THIRD = "joe@dest.example", "jane two@dest.example", "jim@dest.example"


@contextlib.contextmanager
def _sink(t, *options, address=ADDRESS, port=209):
    """tern-sink, until the block ends; the list it gives then has each message's record."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="sink."))
    ready, log = place / "ready", place / "log"
    program = t.binaries / "tern-sink"
    if not program.exists():
        t.problem(f"{program} is missing: build it")
        raise FileNotFoundError(program)
    records = []
    process = subprocess.Popen(
        [program, "--qmtp-listen", f"{address}:{port}", "--quiet", "--ready-file", ready,
         "--log", log, "--seconds", "60", *options], stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 20
        while not ready.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        t.check(ready.exists() and f"qmtp {address}:{port}" in ready.read_text(), "no tern-sink")
        yield records
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=20)
        t.equal((process.returncode, complaints), (0, b""), "what tern-sink found wrong")
        if log.exists():
            events = map(json.loads, log.read_text().splitlines())
            records += [event for event in events if event["event"] == "message"]


def _route(t, relay=f"[{ADDRESS}]"):
    t.control("qmtproutes", f"dest.example:{relay}")


def several_recipients(t):
    _route(t)
    with _sink(t) as records:
        t.deliver(sender=SENDER, recipients=(FIRST, OTHER, THIRD))
    t.says("r", "r", "r", f"K{ADDRESS} accepted message.\nRemote host said: message taken")
    t.equal([record["transfer"] for record in records], ["QMTP"], "packages")
    t.equal(records[0]["sender"]["address"], SENDER, "sender")
    t.equal([each["address"] for each in records[0]["recipients"]], [FIRST, OTHER, THIRD], "all")
    t.equal(records[0]["body"], "Subject: a test\r\n\r\nHello.\r\n", "message")


def one_is_refused(t):
    _route(t)
    t.own_refusals = True  # QMTP's answers have no code
    with _sink(t, "--reject-rcpt", f"{OTHER}=550 no such user",
               "--reject-rcpt", f"{THIRD}=450 not today") as records:
        t.deliver(sender=SENDER, recipients=(FIRST, OTHER, THIRD))
    t.says("r", f"h{ADDRESS} does not like recipient.\nRemote host said: no such user\n",
           f"s{ADDRESS} does not like recipient.\nRemote host said: not today\n",
           f"K{ADDRESS} accepted message.\nRemote host said: message taken\n")
    t.equal([each["address"] for each in records[0]["recipients"]], [FIRST], "taken")


def all_are_refused(t):
    _route(t)
    t.own_refusals = True
    with _sink(t, "--reject-rcpt", "*=450 not today"):
        t.deliver(sender=SENDER, recipients=(FIRST,))
    t.says(f"s{ADDRESS} does not like recipient.\nRemote host said: not today\n",
           f"DGiving up on {ADDRESS}.\n")


def messages_of_every_size(t):
    _route(t)
    for size in (0, 1, 32766, 32767, 32768, 65536, 3_000_001):
        lines = b"".join(b"%07d: this is a line of some length\n" % at for at in range(size // 30))
        message = (lines + b"x" * size)[:max(size - 1, 0)] + (b"\n" if size else b"")
        expected = t.home / "expected"
        expected.write_bytes(message)
        with _sink(t, "--expect", expected, "--discard", "--threads", "2") as records:
            t.deliver(sender="", recipients=(FIRST,), message=message)
        t.says("r", f"K{ADDRESS} accepted message.\nRemote host said: message taken\n")
        t.equal([record["as_expected"] for record in records], [True], f"{size} bytes")


def newlines(t):
    _route(t)
    with _sink(t) as records:
        t.deliver(sender=SENDER, recipients=(FIRST,), message=b"a\r\nb\rc\n.\n\0\xff\n")
    t.says("r", f"K{ADDRESS} accepted message.\nRemote host said: message taken\n")
    t.equal(records[0]["body"], "a\r\nb\r\nc\r\n.\r\n\0\udcff\r\n", "message")


def partial_last_line(t):
    _route(t)
    with _sink(t) as records:
        t.deliver(sender=SENDER, recipients=(FIRST,), message=b"a\nb")
    t.says("DSMTP cannot transfer messages with partial final lines. (#5.6.2)\n"
           "QMTP can, but the relay may have to forward the message by SMTP.\n")
    t.equal(records, [], "packages")


def a_pipe(t):
    _route(t)
    pipe = subprocess.Popen(["/bin/echo", "hello"], stdout=subprocess.PIPE)
    with _sink(t) as records:
        t.run(["dest.example", SENDER, FIRST], stdin=pipe.stdout)
    pipe.stdout.close()
    pipe.wait()
    t.says_lastly("ZUnable to read message. (#4.3.0)")
    t.mentions("QMTP", "not a pipe")
    t.equal(records, [], "packages")


def hangs_up_instead_of_answering(t):
    _route(t)
    with _sink(t, "--reply", "message=close"):
        t.deliver(sender=SENDER, recipients=(FIRST, OTHER))
    t.check(t.last.startswith(f"ZConnected to {ADDRESS} but connection died. Possible duplicate! "
                              f"[{ADDRESS}]:209: "), f"report {t.reports!r}")


def second_relay(t):
    _route(t, f"[{SECOND}],[{ADDRESS}];2209")
    with _sink(t, port=2209):
        t.deliver(sender=SENDER, recipients=(FIRST,))
    t.says("r", f"K{ADDRESS} accepted message.\nRemote host said: message taken\n")


def tls_is_demanded(t):
    _route(t, "mx1.dest.example")
    t.control("tlshosts/mx1.dest.example.pem", "a certificate")
    t.never("198.51.100.1", 209)
    t.deliver(sender=SENDER, recipients=(FIRST,))
    t.says_lastly("ZUnable to read control files. (#4.3.0)")
    t.mentions("tlshosts/mx1.dest.example.pem requires TLS", "control/qmtproutes, line 1", "QMTP")


def is_told_beforehand(t):
    _route(t)
    answer = t.asks_json("route", SENDER, FIRST)
    t.equal(answer["routes"][0]["protocol"], "qmtp", "protocol")
    t.asks("route", SENDER, FIRST)
    t.prints("port 209, by QMTP")
