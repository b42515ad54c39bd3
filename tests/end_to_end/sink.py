# tern-sink as a relay, for what no packaged server offers: LIMITS, SCRAM bound to the TLS session.
# Started by the case that needs it.
import json

import sandbox
from daemons import Daemon, greets

ADDRESS = "198.51.100.60"


class Sink:
    """Serves while the block lasts; logs every message with what its session was like."""

    def __init__(self, *options, port=25):
        self.port = port
        self.log = sandbox.MAIL / "sink.log"
        self.log.unlink(missing_ok=True)
        self.daemon = Daemon("tern-sink", [sandbox.HOME / "bin/tern-sink", "--listen",
                                           f"{ADDRESS}:{port}", "--log", self.log, *options],
                             "/var/log/sink")

    def __enter__(self):
        self.daemon.start()
        self.daemon.wait_ready(lambda: greets(ADDRESS, self.port))
        return self

    def __exit__(self, *_):
        self.daemon.stop()

    def messages(self):
        """One object for each transaction that ended with the text."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [event for event in map(json.loads, lines) if event["event"] == "message"]
