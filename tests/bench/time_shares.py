#!/usr/bin/env python3
"""Where a broker's CPU time goes under a load: perf's samples by what the code they fell into is for.

usage: time_shares.py --tombo BINARY --driver tombo_e2e [--seconds 3] SCENARIO...
Prints one Markdown table, a column a scenario.  Needs perf (Debian: linux-perf); says so and exits with 4 without it.
"""
import argparse
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

CONFIG = """threads = 1
allow_anonymous = true
[log]
connections = false
[[listener]]
port = {port}
address = "127.0.0.1"
"""

# The first pattern that is found in "library symbol" names the row.  Copies within the kernel are its own row: they
# are the part of the system calls that grows with the payload.
ROWS = [
    ("copying in the kernel", r"^\[kernel.*(copy_from_iter|copy_to_iter|_copy_|skb_copy|clear_page|memcpy)"),
    ("system calls, network stack", r"^\[kernel|^\[vdso|libc.*(epoll|recv|send|close|accept|read|write|syscall|cancel)"),
    ("copying", r"libc.*(mem(move|cpy|set))"),
    ("memory management", r"libmimalloc|libc.*(malloc|free)|operator (new|delete)|libstdc"),
    ("parsing", r"mqtt::(decode|next_frame|Framer|Cursor|is_valid|validate|read_properties|forwarded)|utf8|look_ahead|LookAhead"),
    ("routing", r"routing::|Shard::(route|deliver_(local|shared|gathered))|TextHash|wyhash"),
    ("sessions, queues, encoding", r"session::|mqtt::(encode|write|Write|Message|RawWriter)|Shard::(deliver|pump|enqueue|on_(puback|pubrec|pubrel|pubcomp|publish|packet|bytes)|take_p|answer|acknowledge|count_sent|judge|ask)"),
    ("connections, turns, timers", r"net::|Shard::|TimerWheel|broker::|asio"),
]
OTHER = "anything else"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("time_shares: the broker does not start")


def row_of(place):
    return next((name for name, pattern in ROWS if re.search(pattern, place)), OTHER)


def shares_of(report):
    shares = dict.fromkeys([name for name, _ in ROWS] + [OTHER], 0.0)
    for line in report.splitlines():
        found = re.match(r"\s*([0-9.]+)%\s+(\S+)\s+\[[.kgu]\]\s+(.*)", line)
        if found:
            shares[row_of(f"{found[2]} {found[3].strip()}")] += float(found[1])
    return shares


def measure(options, scenario, folder):
    port = free_port()
    config = pathlib.Path(folder, "tombo.toml")
    config.write_text(CONFIG.format(port=port))
    data = str(pathlib.Path(folder, "perf.data"))
    broker = subprocess.Popen([options.tombo, "-c", config], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        load = subprocess.Popen([options.driver, "run", scenario, "--port", str(port), "--pid", str(broker.pid),
                                 "--seconds", str(options.seconds + 1)], stdout=subprocess.DEVNULL)
        time.sleep(0.8)  # the load's own warm-up
        subprocess.run(["perf", "record", "-q", "-F", "3000", "-o", data, "-p", str(broker.pid), "--",
                        "sleep", str(options.seconds)], check=True, stderr=subprocess.DEVNULL)
        if load.wait(timeout=60) != 0:
            sys.exit(f"time_shares: the load {scenario} failed")
    finally:
        broker.terminate()
        broker.wait(timeout=20)
    report = subprocess.run(["perf", "report", "-i", data, "--no-children", "-g", "none", "--sort", "dso,symbol"],
                            check=True, capture_output=True, text=True).stdout
    return shares_of(report)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tombo", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("scenarios", nargs="+")
    options = parser.parse_args()
    if shutil.which("perf") is None:
        print("time_shares: perf is not installed (Debian: linux-perf)", file=sys.stderr)
        sys.exit(4)
    with tempfile.TemporaryDirectory() as folder:
        columns = {scenario: measure(options, scenario, folder) for scenario in options.scenarios}
    print("| share of the broker's CPU time | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name in [name for name, _ in ROWS] + [OTHER]:
        print(f"| {name} | " + " | ".join(f"{shares[name]:.0f} %" for shares in columns.values()) + " |")


if __name__ == "__main__":
    main()
