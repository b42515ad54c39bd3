# The inner loops under Google Benchmark: medians of a few repetitions each.
import json
import os
import subprocess

from machine import Broken


def run(suite):
    done = subprocess.run(
        [str(suite.tools / "inner-loops"), "--benchmark_format=json",
         "--benchmark_repetitions=5", "--benchmark_min_time=0.05",
         "--benchmark_report_aggregates_only=true"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, suite.processors.measured))
    if done.returncode != 0:
        raise Broken(f"inner-loops: {done.stderr.strip()}")
    rows, found = [], {}
    for each in json.loads(done.stdout)["benchmarks"]:
        if each.get("error_occurred"):
            raise Broken(f"inner-loops: {each['name']}: {each['error_message']}")
        if each["aggregate_name"] != "median":
            continue
        name = each["run_name"]
        found[name] = {"nanoseconds": each["cpu_time"],
                       "bytes_per_second": each.get("bytes_per_second")}
        speed = each.get("bytes_per_second")
        rows.append([name, f"{each['cpu_time']:,.0f} ns", f"{speed / 1e9:.2f}" if speed else "-"])
    suite.data["inner"] = found
    suite.table("Inner loops", ["", "CPU of one", "GB/s"], rows)
