# contract.md#callers: arguments, descriptors, home, the one write.
# What the report says is in reports.
import fcntl
import os
import resource
import shutil
import socket
import subprocess
import threading
import time

from cases.common import ACCEPTED, accepts, taken_by
from harness.delivery import HOST, MESSAGE, MX1, RECIPIENT, SENDER, like
from harness.registry import case, table
from harness.scripts import hears_no_end_of_data

USAGE = r"DI \(qmail-remote\) was invoked improperly\. \(#5\.3\.5\)\n[^\n]*host sender recip[^\n]*"
CANNOT_READ = like(r"Z.*\(#4\.3\.0\)")


@table([("none",), ("one", HOST), ("two", HOST, SENDER)])
def too_few_arguments(t, title, *arguments):
    t.never(MX1)
    t.run(arguments)
    t.says(like(USAGE))
    t.check("qmail-remote(8)" in t.last or "qmail-remote.8" in t.last
            or "man 8 qmail-remote" in t.last, f"the manual is not named: {t.last!r}")


@table([("options", "-f@me.example", "--help@dest.example"),
        ("double dash", "--", "-v@dest.example"),
        ("version", "--version", "--help")])
def there_are_no_options(t, title, sender, recipient):
    taken_by(t, MX1, lambda mx: mx.accepts(sender=sender, recipients=[recipient]),
             sender=sender, recipients=[recipient])


@case
def stdout_and_stderr_are_one_pipe(t):
    taken_by(t, MX1, prepare=lambda: os.dup2(1, 2))


@table([("1",), ("2",), ("1 and 2",)])
def closed_output(t, title):
    closed = [int(word) for word in title.split(" and ")]
    # contract.md#standard-output: nothing is sent that the caller would send again.
    if 1 in closed:
        t.never(MX1)
    else:
        t.server(MX1, accepts)
    t.deliver(close=closed, checked=1 not in closed)
    t.equal(t.status, 0, "exit status")
    t.equal(t.err, b"", "stderr")
    if 1 not in closed:
        t.says("r", ACCEPTED)


@table([("read-only file", os.O_RDONLY), ("path only", os.O_PATH)])
def output_not_open_for_writing(t, title, how):
    t.never(MX1)
    output = os.open(t.home / "control/me", how)
    t.deliver(stdout=output, checked=False)
    os.close(output)
    t.equal((t.status, t.err), (0, b""), "exit status and stderr")


@case
def output_is_the_reading_end_of_a_pipe(t):
    t.never(MX1)
    reading, writing = os.pipe()
    t.deliver(stdout=reading, checked=False)
    os.close(reading)
    os.close(writing)
    t.equal((t.status, t.err), (0, b""), "exit status and stderr")


@table([("0",), ("0 and 1",), ("0 and 2",), ("0 and 1 and 2",)])
def closed_input(t, title):
    closed = [int(word) for word in title.split(" and ")]
    t.never(MX1)
    t.deliver(close=closed, checked=1 not in closed)
    t.equal(t.status, 0, "exit status")
    t.equal(t.err, b"", "stderr")
    if 1 not in closed:
        t.says_lastly(CANNOT_READ)


@case
def write_only_input(t):
    t.never(MX1)
    with open(t.home / "message", "wb") as message:
        t.deliver(stdin=message)
    t.says_lastly(CANNOT_READ)


@case
def directory_as_input(t):
    t.maybe(MX1, hears_no_end_of_data)
    directory = os.open(t.home, os.O_RDONLY)
    t.deliver(stdin=directory)
    os.close(directory)
    t.says_lastly(CANNOT_READ)


@case
def full_output_device(t):
    t.server(MX1, accepts)
    with open("/dev/full", "wb") as full:
        t.deliver(stdout=full, checked=False)
    t.equal((t.status, t.err), (0, b""), "exit status and stderr")


@case
def reader_of_the_report_is_gone(t):
    t.server(MX1, accepts)
    reading, writing = os.pipe()
    os.close(reading)
    t.deliver(stdout=writing, checked=False)
    os.close(writing)
    t.equal((t.status, t.err), (0, b""), "exit status and stderr")


def read_late(t, writing, reading, prepare=None):
    """Runs with the pipe as fd 1 and reads from it only after a while, slowly."""
    taken = []

    def read():
        time.sleep(1)
        while data := os.read(reading, 1000):
            taken.append(data)
    reader = threading.Thread(target=read)
    reader.start()
    many = [f"joe{number}@dest.example" for number in range(40)]

    def refuses_at_length(mx):
        mx.greets()
        mx.hears("MAIL FROM:<sender@me.example>")
        mx.says("250 ok")
        for recipient in many:
            mx.hears(f"RCPT TO:<{recipient}>")
            mx.says("550 " + "x" * 4000)
        mx.hears_quit()
    t.server(MX1, refuses_at_length)
    t.deliver(recipients=many, stdout=writing, checked=False, prepare=prepare)
    os.close(writing)
    reader.join()
    os.close(reading)
    t.out = b"".join(taken)
    t.equal((t.status, t.err), (0, b""), "exit status and stderr")
    refusal = f"h{MX1} does not like recipient.\nRemote host said: 550 " + "x" * 4000
    t.says(*[refusal] * 40, f"DGiving up on {MX1}.")


@case
def long_report_into_a_non_blocking_pipe(t):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    read_late(t, writing, reading)


@case
def long_report_into_a_small_pipe(t):
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    read_late(t, writing, reading)


@case
def relative_home(t):
    t.never(MX1)
    t.deliver(env={"QMAILHOME": os.path.relpath(t.home, t.home / "queue/mess")})
    t.says_lastly(like("Z"))


@case
def home_does_not_exist(t):
    t.never(MX1)
    t.deliver(env={"QMAILHOME": str(t.home / "nowhere")})
    t.says_lastly(like("Z.*4.3.0"))


@table([("unset", None), ("empty", "")])
def home_is_var_qmail(t, title, value):
    subprocess.run(("mount", "-t", "tmpfs", "tmpfs", "/var"), check=True)
    try:
        os.symlink(t.home, "/var/qmail")
        t.server(MX1, accepts)
        t.deliver(env={"QMAILHOME": value})
    finally:
        subprocess.run(("umount", "-l", "/var"), check=True)
    t.says("r", ACCEPTED)


def second_home(t):
    """A home elsewhere, with the program in its bin and another name of ours."""
    home = t.home / "second"
    for directory in ("bin", "control", "queue/lock"):
        (home / directory).mkdir(parents=True)
    shutil.copy(t.binaries / "qmail-remote", home / "bin/qmail-remote")
    (home / "control/me").write_text("second.example\n")
    return home


def accepts_from_second(mx):
    mx.greets(hello="second.example")
    mx.takes_message()


@table([("unset", None), ("empty", "")])
def home_is_where_the_program_stands(t, title, value):
    # contract.md#home: <home>/bin/<name>, where <home>/control exists
    home = second_home(t)
    taken_by(t, MX1, accepts_from_second,
             program=home / "bin/qmail-remote", env={"QMAILHOME": value})


@case
def the_environment_beats_the_place(t):
    home = second_home(t)
    taken_by(t, MX1, program=home / "bin/qmail-remote")


@case
def a_place_without_control_is_no_home(t):
    home = second_home(t)
    shutil.rmtree(home / "control")
    t.run((), program=home / "bin/qmail-remote", env={"QMAILHOME": None})
    t.says(like(USAGE + " home /var/qmail"))


@case
def the_usage_names_the_home(t):
    home = second_home(t)
    t.run((), program=home / "bin/qmail-remote", env={"QMAILHOME": None})
    t.says(like(USAGE + f" home {home}"))


@table([("4", 4), ("5", 5), ("6", 6)])
def out_of_descriptors(t, title, limit):
    t.maybe(MX1, accepts)
    t.deliver(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    t.says_lastly(like(r"K|Z.*\(#4\.3\.0\)"))


@case
def report_is_one_write(t):
    # a datagram socket keeps each write apart
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    t.server(MX1, accepts)
    t.deliver(stdout=theirs, checked=False)
    theirs.close()
    t.out = ours.recv(65536)
    ours.close()
    t.says("r", ACCEPTED)


@case
def message_of_the_issue_reaches_the_wire_once(t):
    taken_by(t, MX1, message=MESSAGE)
    t.body()
    t.equal(t.contacts, [MX1], "connections")


@case
def works_in_a_directory_that_cannot_be_read(t):
    t.server(MX1, accepts)
    hidden = t.home / "queue/hidden"
    hidden.mkdir(mode=0o711)
    t.deliver(cwd=hidden, uid=65534)
    t.says("r", ACCEPTED)


@case
def recipients_are_reported_in_the_order_of_the_arguments(t):
    order = [RECIPIENT, "bad@dest.example", RECIPIENT, "late@dest.example"]

    def mixed(mx):
        mx.greets()
        mx.hears("MAIL FROM:<sender@me.example>")
        mx.says("250 ok")
        for recipient, reply in zip(order, ("250 a", "550 b", "251 c", "450 d")):
            mx.hears(f"RCPT TO:<{recipient}>")
            mx.says(reply)
        mx.takes_data()
        mx.hears_quit()
    t.server(MX1, mixed)
    t.deliver(recipients=order)
    t.says("r", f"h{MX1} does not like recipient.\nRemote host said: 550 b", "r",
           f"s{MX1} does not like recipient.\nRemote host said: 450 d", ACCEPTED)
