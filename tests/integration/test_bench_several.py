#!/usr/bin/python3
"""tombo-bench with several brokers and machines: compare, coordinate with two workers, and MQTTLoader's files."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import harness
from harness import HOST, BrokerTest, free_port, sanitized, tombo_binary

BENCH = os.environ.get("TOMBO_BENCH_BIN") or str(Path(tombo_binary()).with_name("tombo-bench"))
MOSQUITTO = "/usr/sbin/mosquitto"
DELAY_S = 0.05


class DelayingProxy:
    """Passes bytes on; what the broker sends arrives 50 ms later."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def _serve(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._connection, HOST, self.port))
        self._ready.set()
        self._loop.run_forever()

    async def _connection(self, reader, writer):
        broker_reader, broker_writer = await asyncio.open_connection(HOST, self.target_port)
        await asyncio.gather(self._at_once(reader, broker_writer), self._late(broker_reader, writer))

    @staticmethod
    async def _at_once(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def _late(self, reader, writer):
        while data := await reader.read(65536):
            # A chunk waits on its own, so that those behind it do not wait twice.
            self._loop.call_later(DELAY_S, writer.write, data)
        self._loop.call_later(DELAY_S, writer.close)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class BenchTool(BrokerTest):
    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-bench-it-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def bench(self, *arguments, code=0):
        done = subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    # MQTTLoader's files

    def loader(self, text, port=None):
        conf = self.write("m.conf", f"broker = {HOST}\nbroker_port = {port or self.port}\nsubscriber_timeout = 1\n{text}")
        return self.parsed(self.bench("loader", "-c", conf).stdout)

    @staticmethod
    def parsed(text):
        blocks = {}
        for line in text.splitlines():
            if title := re.fullmatch(r"-----(\w+)-----", line):
                block = blocks.setdefault(title[1], {})
            elif line:
                label, value = line.split(": ")
                block[label] = value
        for block in blocks.values():
            for label in ("Number of published messages", "Number of received messages"):
                if label in block:
                    series = [int(n) for n in block["Per second throughput [msg/s]"].split(", ")]
                    assert sum(series) == int(block[label]), block
        return blocks

    def test_loader_counts_every_message_at_each_qos(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                blocks = self.loader(f"num_publishers = 3\nnum_subscribers = 2\nnum_messages = 400\ninterval = 500\n"
                                     f"topic = loader/{qos}\nqos_publisher = {qos}\nqos_subscriber = {qos}\n")
                self.assertEqual(blocks["Publisher"]["Number of published messages"], "1200")
                self.assertEqual(blocks["Subscriber"]["Number of received messages"], "2400")
                self.assertGreaterEqual(float(blocks["Subscriber"]["Average latency [ms]"]), 0)

    def test_loader_shares_each_message_with_one_member(self):
        blocks = self.loader("num_publishers = 2\nnum_subscribers = 4\nnum_messages = 500\ninterval = 500\n"
                             "shared_subscription = true\ntopic = loader/shared\nqos_publisher = 1\nqos_subscriber = 1\n")
        self.assertEqual(blocks["Subscriber"]["Number of received messages"], "1000")

    def test_loader_records_each_message(self):
        output = self.folder / "records"
        self.loader(f"num_messages = 50\noutput = {output}\ntopic = loader/record\n")
        (record,) = output.iterdir()
        self.assertRegex(record.name, r"^mqttloader_\d{8}-\d{6}\.csv$")
        lines = record.read_text().splitlines()
        start_us = int(lines[0])
        self.assertEqual(len(lines), 101)
        for line in lines[1:]:
            stamp, client, kind, latency = line.split(",")
            self.assertRegex(client, r"^ml-\w{4}-[ps]-0000\d$")
            self.assertLess(abs(int(stamp) - start_us), 60_000_000)
            if kind == "S":
                self.assertEqual((client[8], latency), ("p", ""))
            else:
                self.assertEqual((client[8], kind), ("s", "R"))
                self.assertGreaterEqual(int(latency), 0)

    def test_loader_measures_a_delay_of_50_ms_within_a_tenth(self):
        proxy = DelayingProxy(self.port)
        self.addCleanup(proxy.close)
        blocks = self.loader("num_messages = 100\ninterval = 10000\ntopic = loader/late\n", proxy.port)
        latency_ms = float(blocks["Subscriber"]["Average latency [ms]"])
        self.assertGreaterEqual(latency_ms, 50)
        self.assertLess(latency_ms, 100 if sanitized() else 55)

    def test_loader_names_bad_lines(self):
        done = self.bench("loader", "-c", self.write("bad.conf", "brokr = x\nbroker = y\npayload = 3\n"), code=2)
        self.assertIn("bad.conf:1: MQTTLoader has no key 'brokr'; did you mean 'broker'?", done.stderr)
        self.assertIn("bad.conf:3: payload: write a whole number from 8", done.stderr)

    # Scenario files and outputs

    def test_run_writes_every_output(self):
        scenario = self.write("s.toml", f"[defaults]\nport = {self.port}\nduration = 1\nramp-up = 0.2\nqos = 1\n"
                                        '[[run]]\nname = "a"\npublishers = 2\nsubscribers = 2\n'
                                        '[[run]]\nname = "b"\ntopology = "fan-in"\npublishers = 3\nrate = 500\n')
        names = {kind: self.folder / f"out.{kind}" for kind in ("json", "csv", "html")}
        done = self.bench("run", scenario, *(part for kind, path in names.items() for part in (f"--{kind}", path)))
        self.assertIn("promise kept: 0 lost", done.stdout)
        runs = json.loads(names["json"].read_text())["runs"]
        self.assertEqual([run["name"] for run in runs], ["a", "b"])
        for run in runs:
            self.assertTrue(run["promise_kept"])
            self.assertGreater(run["latency"]["delivery"]["count"], 0)
            measured = sum(second["received"] for second in run["seconds"] if second["measured"])
            self.assertEqual(measured, run["totals"]["received"])
        self.assertGreaterEqual(len(names["csv"].read_text().splitlines()), 3)
        self.assertIn("</html>", names["html"].read_text())

    def test_mqtt_benchmark_schema_has_a_ratio_of_one(self):
        for qos in (1, 2):
            done = self.bench("pub", "-p", self.port, "-c", 100, "-n", 100, "-q", qos, "--format", "mqtt-benchmark", "--no-live")
            totals = json.loads(done.stdout)["totals"]
            self.assertEqual((totals["ratio"], totals["successes"]), (1.0, 10000))

    # Several brokers

    def test_compare_starts_brokers_in_turn_and_ends_them(self):
        brokers = ["--broker", f"tombo={tombo_binary()} -q -p {{port}}"]
        names = ["tombo"]
        if Path(MOSQUITTO).exists():
            brokers += ["--broker", f"mosquitto={MOSQUITTO} -c {{conf}}", "--template",
                        "conf=" + self.write("mosquitto.conf", "listener {port} 127.0.0.1\nallow_anonymous true\n"
                                                               "max_queued_messages 0\nmax_inflight_messages 1000\n")]
            names.append("mosquitto")
        scenario = self.write("s.toml", '[[run]]\nname = "few"\nqos = 1\nrate = 1000\nduration = 1\nramp-up = 0.2\n')
        table = self.folder / "table.md"
        done = self.bench("compare", *brokers, "--scenario", scenario, "--rounds", 2, "--markdown", table)
        order = re.findall(r"^few · (\w+) · round (\d)", done.stderr, re.M)
        self.assertEqual(order, [(name, str(n)) for n in (1, 2) for name in names])
        text = table.read_text()
        self.assertIn("| scenario | figure | " + " | ".join(names), text)
        self.assertRegex(text, r"\| few \| messages a second \| (\d,?){3,5}/s")
        self.assertIn("broker CPU a message", text)
        self.assertEqual(subprocess.run(["pgrep", "-f", "tombo-bench-[A-Za-z0-9]{6}/conf"], capture_output=True).stdout, b"")

    def test_compare_says_why_a_broker_does_not_start(self):
        scenario = self.write("s.toml", "[[run]]\n")
        done = self.bench("compare", "--broker", "none=/bin/sh -c 'echo no licence; exit 1'", "--scenario", scenario, code=3)
        self.assertIn("broker none: it ended at once", done.stderr)
        self.assertIn("no licence", done.stderr)

    # Several machines

    def coordinate(self, scenario, workers=2):
        port = free_port()
        result = self.folder / "result.json"
        helpers = [self.run_tool(BENCH, "worker", f"{HOST}:{port}", name=f"worker {i}") for i in range(workers)]
        done = subprocess.run([BENCH, "coordinate", "--listen", f"{HOST}:{port}", "--workers", str(workers), "--lead", "1",
                               "--scenario", scenario, "--json", str(result)], capture_output=True, text=True, timeout=120)
        for helper in helpers:
            self.assertEqual(helper.wait_exit(), 0)
        return done, json.loads(result.read_text())["runs"] if result.exists() else None

    def test_two_workers_measure_together(self):
        scenario = self.write("s.toml", f"[defaults]\nport = {self.port}\nduration = 2\nramp-up = 0.5\ndrain = 1\nqos = 1\n"
                                        '[[run]]\nname = "pairs"\npublishers = 8\nsubscribers = 8\nrate = 2000\n'
                                        '[[run]]\nname = "in"\ntopology = "fan-in"\npublishers = 6\nrate = 1200\n'
                                        '[[run]]\nname = "out"\ntopology = "fan-out"\npublishers = 2\nsubscribers = 5\nrate = 400\n')
        done, runs = self.coordinate(scenario)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(re.findall(r"clock [+-]\d+ µs, known to \d+ µs", done.stderr)), 6)
        pairs, fan_in, fan_out = runs
        for run, rate, copies in ((pairs, 2000, 1), (fan_in, 1200, 1), (fan_out, 400, 5)):
            with self.subTest(run=run["name"]):
                self.assertTrue(run["promise_kept"], run["problems"])
                self.assertEqual(run["totals"]["received_in_all"], run["totals"]["sent_in_all"] * copies)
                self.assertAlmostEqual(run["totals"]["sent"] / run["measured_s"], rate, delta=rate * 0.1)
                latency = run["latency"]["delivery"]
                self.assertGreater(latency["count"], 0)
                self.assertLess(latency["p50_ns"], 20_000_000 if not sanitized() else 500_000_000)
        self.assertEqual(pairs["connections"]["connects"], 16)
        self.assertEqual(fan_out["connections"]["connects"], 7)

    def test_a_worker_that_dies_is_named(self):
        scenario = self.write("s.toml", f"[[run]]\nport = {self.port}\nduration = 30\nrate = 100\n")
        port = free_port()
        first = self.run_tool(BENCH, "worker", f"{HOST}:{port}")
        second = self.run_tool(BENCH, "worker", f"{HOST}:{port}")
        coordinator = self.run_tool(BENCH, "coordinate", "--listen", f"{HOST}:{port}", "--scenario", scenario, "--lead", "0")
        coordinator.wait_for(r"received", 2)
        # stdbuf execs, so that the process is the worker itself.
        os.kill(first.pid, signal.SIGKILL)
        self.assertEqual(coordinator.wait_exit(), 6)
        coordinator.wait_for(r"worker .* closed the connection")
        second.wait_exit()

    def test_ctrl_c_ends_a_coordinated_run_with_its_report(self):
        scenario = self.write("s.toml", f"[[run]]\nport = {self.port}\nduration = 60\nrate = 100\nqos = 1\ndrain = 1\n")
        port = free_port()
        workers = [self.run_tool(BENCH, "worker", f"{HOST}:{port}") for _ in range(2)]
        coordinator = self.run_tool(BENCH, "coordinate", "--listen", f"{HOST}:{port}", "--scenario", scenario, "--lead", "0")
        coordinator.wait_for(r"received", 3)
        began = time.monotonic()
        os.kill(coordinator.pid, signal.SIGINT)
        self.assertEqual(coordinator.wait_exit(), 0)
        self.assertLess(time.monotonic() - began, 20)
        coordinator.wait_for(r"interrupted")
        for worker in workers:
            self.assertEqual(worker.wait_exit(), 0)


if __name__ == "__main__":
    if not Path(BENCH).exists():
        raise SystemExit(77)
    harness.main()
