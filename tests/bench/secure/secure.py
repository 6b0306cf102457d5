#!/usr/bin/python3
"""What the secure ways in cost: the section "Secure" of docs/performance.md.

  secure.py --tombo PATH --driver PATH [--tomboctl PATH] [--acl-bench PATH] [--mosquitto PATH] [--rounds 3] [--seconds 2]
            [--foreign-max 0.3] [--only tls,websocket,idle,acl,connect]

--driver is tombo_e2e, --acl-bench is bench_acl; without them or without tomboctl their rows stay empty.  Exit code: 0;
1 a broker broke a promise; 3 a target was missed.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from configurations import Configurations

BATCHED = "qos0_batched"
PASSWORD = "correct horse battery"
# The benchmark of what judging takes that is slowest, and the one of what a client's memory answers.
JUDGED, REMEMBERED = "RulesOfOneUser", "RememberedVerdict"


class Figures:
    """Rows of the table: a name, a value for each broker, and what tombo must reach."""

    def __init__(self):
        self.rows, self.missed = [], 0

    def add(self, name, values, form="{:,.2f}", share=True, share_at_most=None, at_most=None):
        tombo, mosquitto = (values.get(side) for side in ("tombo", "mosquitto"))
        ratio = tombo / mosquitto if share and tombo and mosquitto else None
        required = met = ""
        if share_at_most is not None:
            required, met = f"≤ {self.ratio(share_at_most)}", self.verdict(ratio, share_at_most)
        elif at_most is not None:
            required, met = f"≤ {form.format(at_most)}", self.verdict(tombo, at_most)
        shown = ["" if value is None else form.format(value) for value in (tombo, mosquitto)]
        self.rows.append(f"| {name} | {shown[0]} | {shown[1]} | {self.ratio(ratio)} | {required} | {met} |")

    def verdict(self, value, limit):
        if value is None:
            return "not measured"
        self.missed += value > limit
        return "met" if value <= limit else "**missed**"

    @staticmethod
    def ratio(value):
        if value is None:
            return ""
        return f"1/{1 / value:.1f}" if 0 < value < 0.5 else f"{value:.2f}"

    def table(self):
        return "\n".join(["| | tombo | mosquitto | share | required | |", "|---|---|---|---|---|---|", *self.rows]) + "\n"


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.files = Configurations(folder, arguments.mosquitto, arguments.tomboctl, PASSWORD)
        self.figures, self.broken, self.foreign = Figures(), [], []

    def compare(self, scenario, a, b, a_way="tcp", b_way="tcp", rounds=None, seconds=None):
        """Runs a scenario against the brokers of two configurations in turn; {metric: median} for each side."""
        samples = self.folder / "samples"
        samples.write_text("")
        command = [self.arguments.driver, "compare", "--only", scenario, "--samples", samples,
                   "--rounds", rounds or self.arguments.rounds, "--seconds", seconds or self.arguments.seconds,
                   "--foreign-max", self.arguments.foreign_max]
        for side, configuration, way in (("a", a, a_way), ("b", b, b_way)):
            if configuration is None:
                continue
            program = self.arguments.tombo if configuration.suffix == ".toml" else self.arguments.mosquitto
            command += [f"--{side}", f"{program} -c {{{side}_conf}}", f"--{side}-way", way,
                        "--template", f"{side}_conf={configuration}"]
        run = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.broken += [line for line in run.stdout.splitlines() if "FAILED" in line]
        taken = [json.loads(line) for line in samples.read_text().splitlines()]
        self.foreign += [sample["foreign_cores"] for sample in taken]
        return [self.medians([sample for sample in taken if sample["side"] == side]) for side in ("a", "b")]

    @staticmethod
    def medians(samples):
        numbers = [key for key in samples[0] if key not in ("scenario", "side", "round")] if samples else []
        return {key: statistics.median(sample[key] for sample in samples) for key in numbers}

    def both(self, name, metric, scenario, tombo, mosquitto, way="tcp", rounds=None, seconds=None, **shown):
        """A row: tombo and mosquitto under the same load in the same way."""
        sides = self.compare(scenario, tombo, mosquitto, way, way, rounds, seconds)
        self.figures.add(name, {"tombo": sides[0].get(metric), "mosquitto": sides[1].get(metric)}, **shown)

    def tls(self):
        files = self.files
        self.both("QoS 0 batched over TLS 1.3, µs", "cpu_us", BATCHED, files.tombo_tls, files.mosquitto_tls, "tls13",
                  form="{:.3f}", share_at_most=1 / 13)
        self.both("the same over TLS 1.2, µs", "cpu_us", BATCHED, files.tombo_tls, files.mosquitto_tls, "tls12", form="{:.3f}")

    def websocket(self):
        files = self.files
        for name, way in (("WebSocket, a frame for each write", "ws"), ("WebSocket, a frame for each packet", "ws_packets")):
            costs, overheads = {}, {}
            for broker in ("tombo", "mosquitto"):
                framed, bare = self.compare(BATCHED, files.of(broker, "websocket"), files.of(broker, "tcp"), way)
                if framed and bare:
                    costs[broker] = framed["cpu_us"]
                    overheads[broker] = 100 * (framed["cpu_us"] / bare["cpu_us"] - 1)
            self.figures.add(f"QoS 0 batched over {name}, µs", costs, form="{:.3f}")
            self.figures.add("what that adds to the same broker's TCP, %", overheads, form="{:.0f}", share=False, at_most=30)

    def idle(self):
        files = self.files
        ways = (("TLS 1.3", "tls", "tls13", 17_000), ("TLS 1.2", "tls", "tls12", None),
                ("TLS 1.3 and a client's certificate", "certificate", files.certificate_way, None))
        for name, configuration, way, limit in ways:
            self.both(f"memory per idle connection of 5,000 with {name}, bytes", "bytes", "idle5k", files.of("tombo", configuration),
                      files.of("mosquitto", configuration), way, rounds=1, form="{:,.0f}", at_most=limit)

    def acl(self):
        costs, added = {}, {}
        for broker in ("tombo", "mosquitto"):
            ruled, free = self.compare(BATCHED, self.files.of(broker, "acl"), self.files.of(broker, "tcp"))
            if ruled and free:
                costs[broker] = ruled["cpu_us"]
                added[broker] = ruled["cpu_us"] - free["cpu_us"]
        self.figures.add("QoS 0 batched with 10,000 rules in the ACL file, µs", costs, form="{:.3f}")
        self.figures.add("what the rules add to a message, µs", added, form="{:.3f}", share=False, at_most=1)
        judged = self.judged()
        for name, key, limit in (("remembered for the client and topic", REMEMBERED, 1000), ("from the rules", JUDGED, None)):
            self.figures.add(f"one verdict with 10,000 rules of one user, {name}, ns (`tests/bench/acl`)", {"tombo": judged.get(key)},
                             form="{:,.0f}", share=False, at_most=limit)

    def judged(self):
        """{benchmark: nanoseconds}"""
        if not self.arguments.acl_bench:
            return {}
        run = subprocess.run([self.arguments.acl_bench, f"--benchmark_filter={JUDGED}|{REMEMBERED}", "--benchmark_format=json"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        return {taken["name"]: taken["cpu_time"] for taken in json.loads(run.stdout)["benchmarks"]}

    def connect(self):
        files = self.files
        login = f"login=alice:{PASSWORD}"
        cycles = (("TCP", "tcp", "tcp"), ("TLS 1.3", "tls", "tls13"), ("TLS 1.3, resumed", "tls", "tls13,resume"),
                  ("WebSocket", "websocket", "ws"), ("TCP and a password, $7$ of 101 rounds", "pbkdf2", login),
                  ("TCP and a password, argon2id", "argon2id", login))
        for name, configuration, way in cycles:
            self.both(f"connect + disconnect over {name}, µs a cycle", "cpu_us", "connect", files.of("tombo", configuration),
                      files.of("mosquitto", configuration), way, seconds=1, form="{:,.1f}")

    def section(self):
        noise = f"{statistics.median(self.foreign):.2f} cores during the median run, {max(self.foreign):.2f} at worst"
        text = ("\n## Secure\n\n"
                "The loads of the first table over each way in, tombo beside mosquitto in turn. TLS with a certificate on P-256 and\n"
                "AES-256-GCM with SHA-384, session tickets as each broker gives them. \"share\" is tombo / mosquitto; what WebSocket and\n"
                "rules add compares each broker with itself. mosquitto knows no argon2id. The rules are 10,000 lines `topic` of which ten\n"
                "fit the load. 17 KB are 17,000 bytes.\n\n")
        text += self.figures.table()
        text += "".join(f"\n{line}\n" for line in self.broken)
        return text + f"\nOther processes used {noise}.\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tombo", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--tomboctl")
    parser.add_argument("--acl-bench")
    parser.add_argument("--mosquitto", default="/usr/sbin/mosquitto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--foreign-max", type=float, default=0.3, help="cores that others may use before a run is repeated")
    parser.add_argument("--only", default="tls,websocket,idle,acl,connect")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        bench = Bench(arguments, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tombo-secure-"))))
        for part in arguments.only.split(","):
            getattr(bench, part)()
        print(bench.section())
    return 1 if bench.broken else 3 if bench.figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
