#!/usr/bin/python3
"""How large a broker is, what it needs once it has started, and how long that takes: a section of docs/performance.md.

usage: size_and_start.py --tombo PATH [--mosquitto PATH] [--config FILE] [--rounds N] >section.md

The brokers take turns.  A broker counts as ready when it has answered a CONNECT.  "From disk": its program and libraries were
dropped from the page cache before, as far as no other process uses them.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

READY_S, SETTLE_S, PAUSE_S = 20, 0.5, 0.0001
CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04size"
MOSQUITTO_STORE = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {dir}/\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as client:
            client.sendall(CONNECT)
            return client.recv(4)[:1] == b"\x20"
    except OSError:
        return False


def libraries(program):
    return sorted(set(re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program], check=True, capture_output=True, text=True,
                                                               timeout=READY_S).stdout)))


def forget(files):
    """Gives the pages of files back that only the cache holds."""
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


class Broker:
    def __init__(self, name, program, command, template):
        self.name, self.program, self.command, self.template = name, program, command, template
        self.times, self.disk_times, self.rss, self.anonymous, self.threads = [], [], [], [], []

    def start(self, directory):
        port = free_port()
        words = [word.format(port=port, dir=directory) for word in self.command]
        if self.template:
            Path(directory, "conf").write_text(self.template.replace("{port}", str(port)).replace("{dir}", directory))
        begin = time.monotonic()
        process = subprocess.Popen([self.program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not answers(port):
            if process.poll() is not None or time.monotonic() - begin > READY_S:
                process.kill()
                sys.exit(f"{self.name} does not start: {' '.join(words)}")
            time.sleep(PAUSE_S)
        return process, time.monotonic() - begin

    def measure(self, from_disk):
        directory = tempfile.mkdtemp(prefix="size_and_start")
        os.chmod(directory, 0o777)
        try:
            if from_disk:
                forget([self.program, *libraries(self.program)])
            process, seconds = self.start(directory)
            (self.disk_times if from_disk else self.times).append(seconds * 1000)
            time.sleep(SETTLE_S)
            status = Path(f"/proc/{process.pid}/status").read_text()
            number = lambda key: int(re.search(rf"^{key}:\s+(\d+)", status, re.M).group(1))
            self.rss.append(number("VmRSS") / 1024)
            self.anonymous.append(number("RssAnon") / 1024)
            self.threads.append(number("Threads"))
            process.send_signal(signal.SIGTERM)
            if process.wait(READY_S) != 0:
                sys.exit(f"{self.name} ended with {process.returncode}")
        finally:
            shutil.rmtree(directory)


def stripped_bytes(program):
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, program], check=True, timeout=READY_S)
        return os.stat(copy.name).st_size


def persistent(config):
    """The configuration of the package, with a port and a directory of its own."""
    text = Path(config).read_text()
    text, sockets = re.subn(r'(?m)^socket = .*$', 'socket = "{dir}/control.sock"', text)
    text, directories = re.subn(r'(?m)^directory = .*$', 'directory = "{dir}/store"', text)
    if (sockets, directories) != (1, 1):
        sys.exit(f"{config} is not the configuration of the package")
    listener = '[[listener]]\naddress = "127.0.0.1"\nport = {port}\n\n'
    return text.replace("[persistence]\n", listener + "[persistence]\n", 1)


def table(brokers):
    def row(what, digits, values):
        return f"| {what} | " + " | ".join("" if not value else f"{value:.{digits}f}" for value in values) + " |"
    median = lambda values: statistics.median(values) if values else 0
    lines = ["| | " + " | ".join(broker.name for broker in brokers) + " |", "|---" * (len(brokers) + 1) + "|",
             row("program, stripped, MiB", 2, [stripped_bytes(b.program) / 2**20 for b in brokers]),
             row("libraries that it loads", 0, [len(libraries(b.program)) for b in brokers]),
             row("their size, MiB", 1, [sum(os.stat(f).st_size for f in libraries(b.program)) / 2**20 for b in brokers]),
             row("threads", 0, [median(b.threads) for b in brokers]),
             row("resident memory after the start, MiB", 1, [median(b.rss) for b in brokers]),
             row("of it not from files, MiB", 1, [median(b.anonymous) for b in brokers]),
             row("start until a CONNECT is answered, ms", 1, [median(b.times) for b in brokers]),
             row("the quickest of them, ms", 1, [min(b.times) for b in brokers]),
             row("the same from disk, ms", 1, [median(b.disk_times) for b in brokers]),
             row("the quickest of them, ms", 1, [min(b.disk_times) for b in brokers])]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tombo", required=True)
    parser.add_argument("--mosquitto", default="/usr/sbin/mosquitto")
    parser.add_argument("--config", help="the configuration of the package: columns with persistence")
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()

    load = " ".join(Path("/proc/loadavg").read_text().split()[:3])
    brokers = [Broker("tombo", arguments.tombo, ["-p", "{port}"], ""),
               Broker("mosquitto", arguments.mosquitto, ["-p", "{port}"], "")]
    if arguments.config:
        brokers += [Broker("tombo, persistence", arguments.tombo, ["-c", "{dir}/conf"], persistent(arguments.config)),
                    Broker("mosquitto, persistence", arguments.mosquitto, ["-c", "{dir}/conf"], MOSQUITTO_STORE)]
    for number in range(2 * arguments.rounds):
        for broker in brokers:
            broker.measure(from_disk=number % 2 == 1)
    print("\n## Size and start\n")
    print(f"`tests/bench/run.sh --size`: medians of {arguments.rounds} starts each way, in turn; load average at the\n"
          f"beginning {load}. The first two columns are the brokers without a configuration file (loopback only, nothing\n"
          "kept), the others with persistence: the configuration of tombo's package, and `persistence true`. *From disk*:\n"
          "programs and libraries were dropped from the page cache before, except for those that other processes use. Memory\n"
          "that is from files is mostly libraries, which other processes share.\n")
    print(table(brokers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
