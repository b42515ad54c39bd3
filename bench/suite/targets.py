# What the project promises about its speed, and whether this run shows it. A target that its
# section did not measure is left out.
from sections_verify import BY_SYSTEM, VERIFIED


class Targets:
    """Rows of the report: what, must, aim for, measured, met?"""

    def __init__(self):
        self.rows = []

    def add(self, what, must, aim, measured, shown=str):
        """A figure that is to be at most `must`, better at most `aim` (None: no aim)."""
        if measured is None:
            return
        met = "no" if measured > must else "yes"
        if aim is not None and measured <= aim:
            met = "yes, and the aim"
        self.rows.append([what, shown(must), "" if aim is None else shown(aim), shown(measured),
                          met])


def thousands(number):
    return f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"


def ratio(number):
    return f"{number:.2f}"


def megabytes(kilobytes):
    return f"{kilobytes / 1024:.2f} MB"


def milliseconds(microseconds):
    return f"{microseconds / 1000:.2f} ms"


def judge(data):
    targets = Targets()
    if "small" in data:
        small(targets, data["small"])
    if "large" in data:
        targets.add("100 MB in clear, CPU to a raw copy", 1.35, 1.10,
                    data["large"]["plain_file"]["tern"]["cpu_ratio"][1], ratio)
        targets.add("100 MB over TLS, CPU to the floor", 1.10, 1.0,
                    data["large"]["tls_file"]["tern"]["cpu_ratio"][1], ratio)
    if "trips" in data:
        trips(targets, data["trips"])
    if "growth" in data:
        growth(targets, data["growth"])
    if "verify" in data:
        extra = data["verify"]["extra"]
        targets.add("verification of a chain, more CPU", 500, None, extra[VERIFIED][1],
                    milliseconds)
        targets.add("verification by the system's authorities, more CPU", 500, None,
                    extra[BY_SYSTEM][1], milliseconds)
    return targets.rows


def small(targets, data):
    plain, tls = data["plain"]["alone"]["tern"], data["tls_ecdsa"]["alone"]["tern"]
    targets.add("2 KB in clear, user instructions", 100_000, 60_000, plain.get("instructions"),
                thousands)
    targets.add("2 KB in clear, CPU to the floor", 1.25, 1.10, plain["cpu_ratio"][1], ratio)
    if "others" in data["plain"]:
        targets.add("2 KB in clear, CPU to the floor, with a cold cache", 1.25, 1.10,
                    data["plain"]["others"]["tern"]["cpu_ratio"][1], ratio)
    targets.add("2 KB over TLS 1.3, user instructions", 12_500_000, 10_000_000,
                tls.get("instructions"), thousands)
    targets.add("2 KB over TLS 1.3, CPU to the floor", 1.08, 1.0, tls["cpu_ratio"][1], ratio)
    targets.add("system calls in clear", 70, 50, plain.get("system_calls"))
    targets.add("system calls over TLS", 135, 110, tls.get("system_calls"))
    # Nagle against delayed ACK costs 40 ms; waiting for an idle sink on loopback far below 5.
    waits = max(run["tern"]["wall"] - run["tern"]["cpu"]
                for way in data.values() for run in way.values())
    targets.add("stalls on loopback: wall time without CPU", 5000, None, waits, milliseconds)


def trips(targets, data):
    for way, name, must in (("plain", "in clear, CHUNKING", 4), ("plain_data", "in clear, DATA", 5),
                            ("tls", "TLS 1.3, CHUNKING", 7), ("tls_data", "TLS 1.3, DATA", 8)):
        worst = max(value for key, value in data.items()
                    if key.startswith(f"tern/{way}/2048/"))
        # What is computed at both ends comes on top of whole round trips.
        targets.add(f"round trips {name}, 2 KB to any number", must, None, round(worst))
        more = max(data[key] - data[key.replace("tern", "floor", 1)] for key in data
                   if key.startswith(f"tern/{way}/51200/"))
        targets.add(f"round trips {name}, 50 KB, more than the floor", 0.25, None, more, ratio)


def growth(targets, data):
    for kind, name, must, aim in (("plain", "in clear", 1.9, 1.6), ("tls", "over TLS", 5.5, 5.0)):
        targets.add(f"peak memory {name}, any size", must * 1024, aim * 1024,
                    max(by[kind]["tern"]["memory"] for by in data["size"].values()), megabytes)
    lines = data["lines"].get("100000")
    if lines:
        targets.add("100,000 lines of smtproutes, more CPU", 3000, 1500, lines["extra"][1],
                    milliseconds)
