"""tomboctl against the real daemon: every command in both forms, and what MQTT clients notice of it."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from harness import Broker, HOST, Tool, main, testing_tombo, tombo_binary, wait_until
from raw_client import DISCONNECT, RawClient

EXPIRY = bytes([0x11, 0, 0, 3, 232])  # session expiry: 1000 s


def tool_binary():
    return os.environ.get("TOMBOCTL_BIN") or str(Path(tombo_binary()).with_name("tomboctl"))


def tomboctl(socket_path, *arguments, env=None):
    return subprocess.run([tool_binary(), *(["-s", str(socket_path)] if socket_path else []), *map(str, arguments)],
                          capture_output=True, text=True, timeout=60, preexec_fn=harness.end_with_parent,
                          env={**os.environ, **(env or {})})


@unittest.skipUnless(testing_tombo(), "tombo's own tool")
class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-ctl-"))
        self.socket = self.folder / "control.sock"
        self.control = f'[control]\nsocket = "{self.socket}"\n'
        self.broker = Broker(top='threads = 2\nplacement = "hash"', sections=self.control).start()
        self.port = self.broker.port

    def tearDown(self):
        self.broker.stop()
        self.assertFalse(self.socket.exists(), "the socket goes with the broker")

    def run_tool(self, *arguments, code=0):
        run = tomboctl(self.socket, *arguments)
        self.assertEqual(run.returncode, code, f"{arguments}: {run.stdout}{run.stderr}")
        if code:
            self.assertRegex(run.stderr, r"^tomboctl: [^\n]+\n$")
        return run.stdout

    def rows(self, *arguments):
        return [json.loads(line) for line in self.run_tool("--json", *arguments).splitlines()]

    def object(self, *arguments):
        rows = self.rows(*arguments)
        self.assertEqual(len(rows), 1)
        return rows[0]

    def table(self, *arguments):
        """The words of each line; the first is that of the titles."""
        return [line.split() for line in self.run_tool(*arguments).splitlines()]

    def leave_session(self, client_id, topic_filter, messages=0):
        client = RawClient(self.port, client_id, clean=False, properties=EXPIRY)
        client.subscribe(topic_filter, 1)
        client.disconnect()
        publisher = RawClient(self.port, "filler")
        for number in range(messages):
            publisher.publish(topic_filter, b"message %d" % number, 1)
        publisher.disconnect()
        wait_until(lambda: not [r for r in self.rows("clients", "ls") if r["id"] == "filler"], "the publisher is gone")

    def test_status_in_both_forms(self):
        client = RawClient(self.port, "one")
        status = self.object("status")
        self.assertEqual(status["pid"], self.broker.pid)
        self.assertEqual(status["clients"], 1)
        self.assertEqual(len(status["shards"]), 2)
        self.assertIn("queue_full", status["dropped"])
        self.assertGreater(status["resident_bytes"], 1 << 20)
        text = self.run_tool("status")
        self.assertRegex(text, r"clients +1\n")
        self.assertRegex(text, r"SHARD +LOAD % +CLIENTS")
        client.disconnect()

    def test_clients_are_listed_shown_and_kicked(self):
        v5, v4 = RawClient(self.port, "kick-me", keep_alive=30), RawClient(self.port, "other", level=4)
        self.assertEqual({row["id"] for row in self.rows("clients", "ls")}, {"kick-me", "other"})
        lines = self.table("clients", "ls", "--prefix", "kick")
        self.assertEqual(lines[0], ["CLIENT", "ADDRESS", "MQTT", "KEEPALIVE", "CONNECTED", "INFLIGHT", "QUEUED", "SUBS"])
        self.assertEqual(len(lines), 2)
        self.assertEqual([lines[1][0], lines[1][2], lines[1][3]], ["kick-me", "5.0", "30s"])
        self.assertEqual(len(self.rows("clients", "ls", "--listener", self.port)), 2)
        self.assertEqual(self.rows("clients", "ls", "--user", "nobody"), [])
        self.run_tool("clients", "ls", "--listener", "1", code=2)
        self.assertEqual(self.object("clients", "show", "other")["version"], "3.1.1")
        self.assertRegex(self.run_tool("clients", "show", "other"), r"MQTT version +3\.1\.1")
        self.run_tool("clients", "show", "nobody", code=1)
        self.run_tool("clients", "kick", "kick-me", "--reason", "quota_exceeded")
        self.assertEqual(v5.receive_kind(DISCONNECT)[1][0], 0x97)
        with self.assertRaises((EOFError, ConnectionResetError)):
            v5.receive()
        v4.ping()
        self.run_tool("--json", "clients", "kick", "other")
        with self.assertRaises((EOFError, ConnectionResetError)):
            v4.receive()
        self.run_tool("clients", "kick", "other", code=1)
        self.broker.says("control: client other kicked uid=")

    def test_a_kicked_mosquitto_client_notices(self):
        sub = Tool(["mosquitto_sub", "-h", HOST, "-p", self.port, "-t", "t", "-i", "mosq", "-V", "5", "-d"])
        self.addCleanup(sub.kill)
        sub.wait_for("SUBACK")
        self.run_tool("clients", "kick", "mosq")
        sub.wait_for("DISCONNECT|[Dd]isconnect")

    def test_sessions_are_listed_shown_and_removed(self):
        self.leave_session("away", "waiting", messages=3)
        here = RawClient(self.port, "here")
        self.assertEqual({row["id"] for row in self.rows("sessions", "ls")}, {"away", "here"})
        away = self.rows("sessions", "ls", "--away")
        self.assertEqual([(row["id"], row["queued"], row["connected"]) for row in away], [("away", 3, False)])
        self.assertLessEqual(away[0]["expires_in_s"], 1000)
        self.assertEqual([row["id"] for row in self.rows("sessions", "ls", "--connected")], ["here"])
        lines = self.table("sessions", "ls", "--away")
        self.assertEqual(lines[0][0], "CLIENT")
        self.assertEqual(lines[1][:3], ["away", "no", "16m40s"])
        self.assertEqual(self.object("sessions", "show", "away")["subscriptions"], 1)
        self.assertRegex(self.run_tool("sessions", "show", "away"), r"queued +3\n")
        self.run_tool("sessions", "rm", "away")
        self.run_tool("sessions", "rm", "away", code=1)
        self.run_tool("sessions", "show", "away", code=1)
        again = RawClient(self.port, "away", clean=False, properties=EXPIRY)
        self.assertEqual(again.connack[0], 0, "no session was present")
        self.run_tool("sessions", "rm", "here")
        self.assertEqual(here.receive_kind(DISCONNECT)[1][0], 0x98)
        again.disconnect()

    def test_subscriptions(self):
        client = RawClient(self.port, "s")
        client.subscribe("a/#", 1)
        client.subscribe("$share/g/b")
        self.assertEqual([row["filter"] for row in self.rows("subscriptions", "ls", "--client", "s")], ["a/#", "$share/g/b"])
        self.assertEqual([row["qos"] for row in self.rows("subscriptions", "ls", "--filter", "a/#")], [1])
        self.assertEqual(self.table("subscriptions", "ls")[1][:3], ["s", "a/#", "1"])
        self.run_tool("subscriptions", "ls", "--client", "nobody", code=1)
        client.disconnect()

    def test_retained_messages_are_listed_shown_and_forgotten(self):
        client = RawClient(self.port, "r")
        client.send(client.publish_bytes("r/text", b"hello", 0, True) + client.publish_bytes("r/bytes", b"\x00\xff", 0, True))
        client.ping()
        self.assertEqual({row["topic"] for row in self.rows("retained", "ls")}, {"r/text", "r/bytes"})
        self.assertEqual([row["bytes"] for row in self.rows("retained", "ls", "r/text")], [5])
        self.assertEqual(self.table("retained", "ls", "r/text")[1][:4], ["r/text", "0", "5", "B"])
        wait_until(lambda: self.rows("retained", "ls", "$SYS/#"), "the broker's own figures are there")
        self.assertEqual(self.object("retained", "get", "r/text")["payload"], "hello")
        self.assertEqual(self.object("retained", "get", "r/bytes")["payload_base64"], "AP8=")
        self.assertRegex(self.run_tool("retained", "get", "r/text"), r"payload +hello\n")
        self.run_tool("retained", "get", "r/none", code=1)
        self.run_tool("retained", "ls", "a/#/b", code=2)
        self.run_tool("retained", "rm", "r/text")
        self.run_tool("retained", "rm", "r/text", code=1)
        run = subprocess.run(["mosquitto_sub", "-h", HOST, "-p", str(self.port), "-t", "r/#", "-W", "1", "-F", "%t"],
                             capture_output=True, text=True, timeout=30)
        self.assertEqual(run.stdout, "r/bytes\n")
        client.disconnect()

    def test_queues_have_the_longest_first(self):
        self.leave_session("short", "q/short", messages=1)
        self.leave_session("long", "q/long", messages=5)
        rows = self.rows("queues")
        self.assertEqual([(row["id"], row["queued"], row["dropped"]) for row in rows], [("long", 5, 0), ("short", 1, 0)])
        self.assertEqual([line[0] for line in self.table("queues", "--limit", "1")], ["CLIENT", "long"])

    def test_top_shows_who_is_busy(self):
        busy = Tool(["mosquitto_pub", "-h", HOST, "-p", self.port, "-i", "busy", "-t", "busy", "-m", "x", "--repeat", "100000",
                     "--repeat-delay", "0.005"])
        self.addCleanup(busy.kill)
        wait_until(lambda: self.rows("clients", "ls", "--prefix", "busy"), "the publisher is connected")
        row = self.object("top", "--once", "--interval-ms", "500")
        self.assertEqual(row["id"], "busy")
        self.assertGreater(row["received_per_s"], 1)
        self.assertEqual([line[0] for line in self.table("top", "--once")], ["CLIENT", "busy"])
        live = Tool([tool_binary(), "-s", self.socket, "top", "--interval-ms", "200"])
        self.addCleanup(live.kill)
        live.wait_for("^busy ", count=3)

    def test_reload(self):
        self.broker.sections = self.control + "[mqtt]\nretain_available = false\n"
        self.broker.top = 'threads = 3\nplacement = "hash"'
        self.broker.write_config()
        said = self.object("reload")
        self.assertEqual(said, {"changed": ["mqtt.retain_available"], "need_restart": ["threads"]})
        self.assertIn("changed: -", self.run_tool("reload"))
        self.broker.config.write_text("alow_anonymous = true\n")
        run = tomboctl(self.socket, "reload")
        self.assertEqual(run.returncode, 1)
        self.assertIn("alow_anonymous", run.stderr)

    def test_log_level(self):
        self.assertEqual(self.object("log-level")["net"], "info")
        self.assertEqual(self.object("log-level", "net", "debug")["net"], "debug")
        self.assertIn("net: debug", self.run_tool("log-level"))
        self.run_tool("log-level", "engine", "debug", code=2)
        self.run_tool("log-level", "net", code=2)

    def test_drain_sends_clients_away_until_it_is_cancelled(self):
        v5, v4 = RawClient(self.port, "v5"), RawClient(self.port, "v4", level=4)
        said = self.object("drain", "--redirect", "other.example", "--wait")
        self.assertEqual(said, {"draining": True, "clients": 0})
        _, body = v5.receive_kind(DISCONNECT)
        self.assertEqual(body[0], 0x9C)
        self.assertIn(b"other.example", body)
        with self.assertRaises((EOFError, ConnectionResetError)):
            v4.receive()
        with self.assertRaisesRegex(AssertionError, "refused"):
            RawClient(self.port, "v5")
        pub = subprocess.run(["mosquitto_pub", "-h", HOST, "-p", str(self.port), "-t", "t", "-m", "x"], capture_output=True,
                             text=True, timeout=30)
        self.assertNotEqual(pub.returncode, 0)
        self.assertTrue(self.object("status")["draining"])
        self.assertIn("draining: no", self.run_tool("drain", "--cancel"))
        RawClient(self.port, "v5").disconnect()
        plain = RawClient(self.port, "plain")
        self.assertIn("draining: yes", self.run_tool("drain"))
        self.assertEqual(plain.receive_kind(DISCONNECT)[1][0], 0x8B)
        self.run_tool("drain", "--moved", code=2)

    def test_thousands_of_sessions_are_paged(self):
        count = 1500
        # One connection after the other: each leaves its session behind.
        for number in range(count):
            RawClient(self.port, f"many-{number:04}", clean=False, properties=EXPIRY).socket.close()
        names = [row["id"] for row in self.rows("sessions", "ls", "--prefix", "many-")]
        self.assertEqual(sorted(names), [f"many-{number:04}" for number in range(count)])
        cut = tomboctl(self.socket, "sessions", "ls", "--prefix", "many-")
        self.assertEqual(len(cut.stdout.splitlines()), 1001)
        self.assertRegex(cut.stderr, r"^tomboctl: there is more: --after [0-9a-f.]+, or --limit 0 for all\n$")
        after = cut.stderr.split("--after ")[1].split(",")[0]
        rest = self.table("sessions", "ls", "--prefix", "many-", "--after", after)
        self.assertEqual(len(rest), 501)
        listed = {line.split()[0] for line in cut.stdout.splitlines()[1:]} | {line[0] for line in rest[1:]}
        self.assertEqual(len(listed), count)

    def test_a_reader_that_goes_away_harms_nobody(self):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(self.socket))
            raw.sendall(b'{"v":1,"id":1,"command":"sessions.list"}\n' * 50 + b"garbage\n" + b"x" * 200_000)
        self.assertEqual(self.object("status")["clients"], 0)


@unittest.skipUnless(testing_tombo(), "tombo's own tool")
class Troubles(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-ctl-"))
        self.socket = self.folder / "control.sock"
        self.sections = f'[control]\nsocket = "{self.socket}"\n'

    def test_no_broker_is_exit_code_3(self):
        run = tomboctl(self.socket, "status")
        self.assertEqual(run.returncode, 3)
        self.assertRegex(run.stderr, r"^tomboctl: no broker listens at [^\n]+\n$")

    def test_mistakes_are_exit_code_2(self):
        for arguments in ((), ("clients",), ("clients", "kick"), ("nonsense",), ("status", "more"), ("queues", "--limit", "x")):
            run = tomboctl(self.socket, *arguments)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertRegex(run.stderr, r"^tomboctl: [^\n]+\n$")
        self.assertIn("'nonsense'", tomboctl(None, "nonsense").stderr)
        self.assertEqual(tomboctl(None, "--help").returncode, 0)
        self.assertRegex(tomboctl(None, "--version").stdout, r"^tomboctl \d+\.\d+\.\d+\n$")

    def test_the_environment_names_the_socket(self):
        broker = Broker(sections=self.sections).start()
        try:
            self.assertEqual(tomboctl(None, "status", env={"TOMBO_CONTROL": str(self.socket)}).returncode, 0)
            self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o600)
        finally:
            broker.stop()

    def test_a_dead_brokers_socket_is_replaced_and_a_living_ones_is_not(self):
        first = Broker(sections=self.sections).start()
        second = Broker(sections=self.sections)
        run = subprocess.run(second.command, capture_output=True, text=True, timeout=30, preexec_fn=harness.end_with_parent)
        self.assertEqual(run.returncode, 1)
        self.assertIn("in use by another tombo", run.stdout + run.stderr)
        self.assertEqual(tomboctl(self.socket, "status").returncode, 0)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        first.process = None
        self.assertTrue(self.socket.exists())
        run = tomboctl(self.socket, "status")
        self.assertEqual(run.returncode, 3)
        self.assertIn("it has ended", run.stderr)
        second.start()
        try:
            self.assertEqual(tomboctl(self.socket, "status").returncode, 0)
        finally:
            second.stop()


if __name__ == "__main__":
    main()
