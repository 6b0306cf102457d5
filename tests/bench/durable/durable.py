#!/usr/bin/python3
"""What it costs to lose nothing: the section "Durable" of docs/performance.md.

  durable.py --tombo PATH --program PATH [--driver PATH] [--mosquitto PATH] [--markdown FILE] [--small]

--program is tombo_durable, --driver tombo_e2e (for the loads that persistence should not touch).  --small has a
hundredth of everything, to try the script.  Exit code: 0; 1 tombo lost something acknowledged; 3 a target was missed.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from brokers import Mosquitto, Tombo
from disk import PlainDirectory, counted_disk

SESSIONS, FOLLOWERS, LOW_RATE = 1000, 10, 200
QUEUED, RETAINED, FILTERS = 1_000_000, 200_000, 100  # filters of each session
PAYLOAD = 200


class Figures:
    """Rows of the table: a name, a value for each broker, and what tombo must reach."""

    def __init__(self):
        self.rows, self.missed, self.lost = [], 0, 0

    def add(self, name, values, form="{:,.0f}", at_least=None, at_most=None):
        tombo = values.get("tombo")
        met = ""
        if tombo is not None and (at_least is not None or at_most is not None):
            good = tombo >= at_least if at_least is not None else tombo <= at_most
            self.missed += not good
            met = "met" if good else "**missed**"
        required = f"≥ {at_least:,}" if at_least is not None else f"≤ {at_most:,}" if at_most is not None else ""
        shown = [form.format(values[side]) if values.get(side) is not None else "" for side in ("tombo", "mosquitto")]
        self.rows.append(f"| {name} | {shown[0]} | {shown[1]} | {required} | {met} |")

    def add_lost(self, name, values):
        """`values` are what drain said."""
        self.lost += values["tombo"]["lost"]
        shown = [f"{values[side]['lost']:,} of {values[side]['acknowledged']:,}" for side in ("tombo", "mosquitto")]
        self.rows.append(f"| {name} | {shown[0]} | {shown[1]} | 0 | {'met' if not values['tombo']['lost'] else '**missed**'} |")

    def table(self):
        return "\n".join(["| | tombo | mosquitto | required | |", "|---|---|---|---|---|", *self.rows]) + "\n"


class Bench:
    def __init__(self, arguments):
        self.arguments, self.figures = arguments, Figures()
        self.scale = 100 if arguments.small else 1
        self.plain, (self.counted, self.why_plain) = PlainDirectory(), counted_disk()
        self.ledger = self.plain.path / "ledger"
        self.brokers = []

    def close(self):
        for broker in self.brokers:
            broker.close()
        self.counted.close()
        self.plain.close()

    def program(self, command, *options):
        run = subprocess.run([self.arguments.program, command, *map(str, options)], capture_output=True, text=True, timeout=240)
        if run.returncode:
            raise RuntimeError(f"{command}: {run.stderr.strip()}")
        result = json.loads(run.stdout)
        print(command, *options, result, file=sys.stderr, flush=True)
        return result

    def load(self, broker, command, *options):
        return self.program(command, "--port", broker.port, *options)

    def broker(self, kind, disk, name):
        store = disk.path / name if disk is self.plain or self.why_plain else disk.directory(name)
        store.mkdir(exist_ok=True)
        store.chmod(0o777)
        program = self.arguments.tombo if kind is Tombo else self.arguments.mosquitto
        self.brokers.append(kind(program, store))
        return self.brokers[-1]

    def each(self, measure):
        """The result of a measurement for each broker, in turn."""
        return {kind.name: measure(kind) for kind in (Tombo, Mosquitto)}

    def drain_after_kill(self, broker):
        broker.kill()
        broker.start()
        result = self.load(broker, "drain", "--sessions", SESSIONS, "--ledger", self.ledger)
        broker.close()
        return result

    # --- what is measured

    def offline(self):
        """Ten publishers, 1,000 messages under way, to 1,000 sessions whose clients are away."""
        seconds, rates, lost, device, lost_device = 3 if self.scale == 1 else 0.5, {}, {}, {}, {}

        def measure(kind, disk):
            broker = self.broker(kind, disk, f"{kind.name}-offline")
            broker.start()
            self.load(broker, "prepare", "--sessions", SESSIONS)
            disk.settle()
            before = disk.bytes_written(broker.process.pid)
            done = self.load(broker, "publish", "--sessions", SESSIONS, "--seconds", seconds, "--payload", PAYLOAD, "--ledger", self.ledger)
            disk.settle()
            done["bytes"] = (disk.bytes_written(broker.process.pid) - before) / done["acknowledged"]
            return done, self.drain_after_kill(broker)

        for kind in (Tombo, Mosquitto):
            rates[kind.name], lost[kind.name] = measure(kind, self.plain)
            device[kind.name], lost_device[kind.name] = measure(kind, self.counted)
        self.figures.add("QoS 1 to 1,000 sessions away, 1,000 in flight, acknowledged a second",
                         {side: one["rate"] for side, one in rates.items()}, at_least=50_000)
        self.figures.add_lost("lost by kill -9 at the end of it", lost)
        self.figures.add("the same on the counted disk, a second", {side: one["rate"] for side, one in device.items()})
        self.figures.add("bytes to the device for each message of it",
                         {side: one["bytes"] for side, one in device.items()}, at_most=700)
        self.figures.add_lost("lost by kill -9 at the end of it", lost_device)

    def keeping_up(self):
        """Ten pairs; every subscriber has a session that is kept, and acknowledges at once."""
        seconds = 2 if self.scale == 1 else 0.5

        def measure(kind):
            broker = self.broker(kind, self.counted, f"{kind.name}-online")
            broker.start()
            self.counted.settle()
            before = self.counted.bytes_written(broker.process.pid)
            done = self.load(broker, "publish", "--online", "--publishers", FOLLOWERS, "--seconds", seconds, "--payload", PAYLOAD)
            self.counted.settle()
            done["bytes"] = (self.counted.bytes_written(broker.process.pid) - before) / done["acknowledged"]
            broker.kill()
            broker.start()
            done["gone"] = sum(not broker.session(f"live-{number}", clean=False)[1] for number in range(FOLLOWERS))
            broker.close()
            return done

        done = self.each(measure)
        self.figures.add("QoS 1, 10 pairs, subscribers keep up: delivered a second", {side: one["rate"] for side, one in done.items()})
        self.figures.add("bytes to the device for each message of it", {side: one["bytes"] for side, one in done.items()},
                         form="{:,.1f}", at_most=60)
        self.figures.add("sessions lost by kill -9 at the end of it, of 10", {side: one["gone"] for side, one in done.items()}, at_most=0)

    def low_rate(self):
        """One message at a time: what the broker adds to what the disk takes; the disk before and after, in the same run."""
        seconds = 3 if self.scale == 1 else 0.5

        def raw():
            return self.program("raw-sync", "--directory", self.plain.path, "--rate", LOW_RATE, "--seconds", seconds / 2,
                                "--payload", PAYLOAD + 100)["p50_us"]

        def measure(kind):
            broker = self.broker(kind, self.plain, f"{kind.name}-low")
            broker.start()
            self.load(broker, "prepare", "--sessions", SESSIONS)
            done = self.load(broker, "publish", "--publishers", 1, "--sessions", SESSIONS, "--rate", LOW_RATE, "--seconds", seconds,
                             "--payload", PAYLOAD, "--ledger", self.ledger)
            return done, self.drain_after_kill(broker)

        before = raw()
        done = self.each(measure)
        disk = (before + raw()) / 2000
        self.figures.add(f"PUBACK at {LOW_RATE}/s, p50, ms", {side: one[0]["p50_us"] / 1000 for side, one in done.items()}, form="{:.2f}")
        self.figures.add("the disk alone: append and fdatasync at the same rate, p50, ms", {side: disk for side in done}, form="{:.2f}")
        self.figures.add("what tombo adds to it, ms", {"tombo": done["tombo"][0]["p50_us"] / 1000 - disk}, form="{:.2f}", at_most=2)
        self.figures.add_lost("lost by kill -9 at the end of it", {side: one[1] for side, one in done.items()})

    def start_up(self):
        """From exec to the first CONNACK with everything that a large site leaves behind."""
        def measure(kind):
            broker = self.broker(kind, self.plain, f"{kind.name}-large")
            broker.start()
            self.load(broker, "prepare", "--sessions", SESSIONS, "--filters", FILTERS // (10 if self.scale > 1 else 1))
            self.load(broker, "publish", "--retain", "--count", RETAINED // self.scale, "--payload", PAYLOAD)
            self.load(broker, "publish", "--sessions", SESSIONS, "--count", QUEUED // self.scale, "--payload", PAYLOAD, "--ledger", self.ledger)
            full = broker.rss_bytes()
            if kind is Tombo:
                broker.kill()
            else:
                broker.stop()  # after kill -9 it would start with nothing
            seconds, rss = broker.start(), broker.rss_bytes()
            settled = self.settled_rss(broker)
            lost = self.load(broker, "drain", "--sessions", SESSIONS, "--ledger", self.ledger) if kind is Tombo else None
            broker.close()
            return {"seconds": seconds, "rss": rss, "settled": settled, "full": full, "lost": lost}

        done = self.each(measure)
        self.figures.add(f"{QUEUED // self.scale:,} messages queued, {RETAINED // self.scale:,} retained, {SESSIONS * FILTERS:,} subscriptions: "
                         "exec to the first CONNACK, s", {side: one["seconds"] for side, one in done.items()}, form="{:.2f}", at_most=1)
        for what, key in (("resident memory then", "rss"), ("the same when it no longer grows", "settled")):
            self.figures.add(f"{what}, MB", {side: one[key] / 1e6 for side, one in done.items()}, at_most=200)
        self.figures.add("resident memory of the broker that was filled, MB", {side: one["full"] / 1e6 for side, one in done.items()})
        lost = done["tombo"]["lost"]
        self.figures.lost += lost["lost"]
        self.figures.add(f"lost of {lost['acknowledged']:,} by kill -9 (mosquitto: stopped, as kill -9 leaves it nothing)",
                         {"tombo": lost["lost"]}, at_most=0)

    @staticmethod
    def settled_rss(broker):
        """What a start does in the background is over when memory has stopped growing for a second; at most 10 s."""
        highest, since, end = broker.rss_bytes(), time.monotonic(), time.monotonic() + 10
        while time.monotonic() < min(since + 1, end):
            time.sleep(0.05)
            if (now := broker.rss_bytes()) > highest:
                highest, since = now, time.monotonic()
        return highest

    def untouched(self):
        """Loads without anything that must survive: persistence on against off, in turn."""
        body = 'allow_anonymous = true\n[log]\nconnections = false\n[[listener]]\nport = {port}\naddress = "127.0.0.1"\n'
        (self.plain.path / "off.toml").write_text(body)
        (self.plain.path / "on.toml").write_text(body + '[persistence]\ndirectory = "{dir}/store"\n')
        table = self.plain.path / "untouched.md"
        run = subprocess.run(
            [self.arguments.driver, "compare", "--a", f"{self.arguments.tombo} -c {{on}}", "--b", f"{self.arguments.tombo} -c {{off}}",
             "--a-name", "on", "--b-name", "off", "--template", f"on={self.plain.path}/on.toml", "--template", f"off={self.plain.path}/off.toml",
             "--only", "qos0_batched,qos1_batched", "--rounds", "1" if self.scale > 1 else "7", "--seconds", "1", "--markdown", str(table)],
            stdout=subprocess.DEVNULL, timeout=200)
        if not table.exists():
            raise RuntimeError(f"tombo_e2e ended with {run.returncode}")
        text = table.read_text()
        for load in ("qos0_batched", "qos1_batched"):
            row = next(line for line in text.splitlines() if line.startswith(f"| {load} "))
            on, off = (float(cell) for cell in row.split("|")[2:4])
            self.figures.add(f"{load} without sessions that are kept: rate with persistence / without", {"tombo": on / off},
                             form="{:.3f}", at_least=0.95)
        return text


def section(bench, untouched):
    about = bench.counted.what + (f"; no loop device: {bench.why_plain}" if bench.why_plain else "")
    text = ("\n## Durable\n\n"
            "tombo with `[persistence]` as it is (every acknowledgement after a sync; profile `server`) beside mosquitto with\n"
            "`persistence true` and its `autosave_interval` of 1800 s, which writes nothing before that or a stop: its figures are the\n"
            f"price of memory only. Payloads of {PAYLOAD} bytes that do not compress. Each run ends with kill -9, a start on what is left, and a count of what\n"
            f"was acknowledged and does not come. Device bytes are {about}.\n\n")
    text += bench.figures.table()
    if untouched:
        text += f"\nPersistence on and off where nothing needs to be kept, rounds in turn:\n\n{untouched}"
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tombo", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--driver")
    parser.add_argument("--mosquitto", default="/usr/sbin/mosquitto")
    parser.add_argument("--markdown")
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    try:
        bench.offline()
        bench.keeping_up()
        bench.low_rate()
        bench.start_up()
        untouched = bench.untouched() if arguments.driver else ""
        text = section(bench, untouched)
    finally:
        bench.close()
    if arguments.markdown:
        Path(arguments.markdown).write_text(text)
    print(text)
    return 1 if bench.figures.lost else 3 if bench.figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
