"""tomboctl's work on stores: import from a real mosquitto.db, check, export, backup, restore, with the real programs."""

import json
import os
import shutil
import signal
import struct
import tempfile
import unittest
from pathlib import Path

from harness import Broker, HOST, Tool, free_port, main, testing_tombo, wait_until
from raw_client import PUBACK, PUBLISH, PUBREC, PUBREL, RawClient, SUBACK, SUBSCRIBE, packet, text, varint
from test_tomboctl import tomboctl

MOSQUITTO = "/usr/sbin/mosquitto"


def expiry(seconds):
    return b"\x11" + struct.pack("!I", seconds)


def subscribe5(client, topic_filter, options, identifier):
    properties = b"\x0b" + varint(identifier)
    client.send(packet(SUBSCRIBE, 2, client.packet_id() + varint(len(properties)) + properties + text(topic_filter) +
                       bytes([options])))
    client.receive_kind(SUBACK)


def publish(client, topic, payload, qos, retain=False, properties=b""):
    """As far as the first acknowledgement."""
    client.send(packet(PUBLISH, qos << 1 | int(retain), text(topic) + (client.packet_id() if qos else b"") +
                       varint(len(properties)) + properties + payload))
    if qos:
        _, body = client.receive_kind(PUBACK if qos == 1 else PUBREC)
        return body[:2]
    return b""


def release(client, identifier):
    client.send(packet(PUBREL, 2, identifier))


def publication(flags, body):
    """(QoS, retain, DUP, topic, packet id, payload) of a PUBLISH to a 3.1.1 client."""
    size, = struct.unpack("!H", body[:2])
    topic, rest = body[2:2 + size].decode(), body[2 + size:]
    qos = flags >> 1 & 3
    identifier = struct.unpack("!H", rest[:2])[0] if qos else 0
    return qos, bool(flags & 1), bool(flags & 8), topic, identifier, rest[2 if qos else 0:]


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-store-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_tool(self, *arguments, code=0):
        run = tomboctl(None, *arguments)
        self.assertEqual(run.returncode, code, f"{arguments}: {run.stdout}{run.stderr}")
        if code:
            self.assertRegex(run.stderr, r"(?m)^tomboctl: [^\n]+\n\Z")
        return run

    def objects(self, *arguments, code=0):
        return [json.loads(line) for line in self.run_tool("--json", *arguments, code=code).stdout.splitlines()]


def mosquitto_file(folder):
    """A mosquitto.db with every state that its exchanges can rest in, saved by SIGUSR1 while clients are connected."""
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} {HOST}\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
                      "persistence_file mosquitto.db\nautosave_interval 0\n" + ("user root\n" if os.geteuid() == 0 else ""))
    server = Tool([MOSQUITTO, "-c", config])
    try:
        def reached():
            try:
                return RawClient(port, "probe")
            except OSError:
                return None
        wait_until(reached, "mosquitto listens").disconnect()
        away = RawClient(port, "away", clean=False, properties=expiry(1000))
        subscribe5(away, "t/#", 2 | 4 | 8, 300)
        away.disconnect()
        old = RawClient(port, "old", level=4, clean=False)
        old.subscribe("t/+", 1)
        old.disconnect()
        publisher = RawClient(port, "publisher")
        publish(publisher, "t/1", b"one", 1)
        identifier = publish(publisher, "t/2", b"two", 2)
        release(publisher, identifier)
        publisher.ping()
        publish(publisher, "t/p", b"with properties", 1, properties=b"\x03" + text("text/plain") + b"\x26" + text("k") + text("v"))
        publish(publisher, "t/soon", b"expires", 1, properties=b"\x02" + struct.pack("!I", 5000))
        publish(publisher, "r/1", b"kept", 1, retain=True)
        publish(publisher, "r/bytes", b"\x00\xff", 0, retain=True)
        # QoS 2 that is not released: Mosquitto has told nobody.
        unreleased = RawClient(port, "unreleased", level=4, clean=False)
        unreleased.send(packet(PUBLISH, 4, text("t/held") + b"\0\x09" + b"held"))
        unreleased.receive_kind(PUBREC)
        # In flight: one that was sent, one of QoS 2 that was sent, one of which PUBCOMP is missing.
        busy = RawClient(port, "busy", level=4, clean=False)
        busy.subscribe("o/#", 2)
        for topic, qos in (("o/1", 1), ("o/2", 2), ("o/3", 2)):
            identifier = publish(publisher, topic, topic.encode(), qos)
            if qos == 2:
                release(publisher, identifier)
        for _ in range(3):
            _, _, _, topic, identifier, _ = publication(*busy.receive_kind(PUBLISH))
            if topic == "o/3":
                busy.send(packet(PUBREC, 0, struct.pack("!H", identifier)))
                busy.receive_kind(PUBREL)
        publisher.ping()
        file = folder / "mosquitto.db"
        os.kill(server.pid, signal.SIGUSR1)
        server.wait_for("Saving in-memory database")
        wait_until(file.exists, "the file is there")
        publisher.ping()  # answered by the same thread that writes, so it has written
        return file
    finally:
        server.kill()


@unittest.skipUnless(testing_tombo(), "tombo's own tool")
class FromMosquitto(Folder):
    def setUp(self):
        super().setUp()
        self.file = mosquitto_file(self.folder)
        self.store = self.folder / "store"

    def test_everything_is_taken_over(self):
        counts, = self.objects("store", "import", self.store, self.file)
        self.assertEqual(counts["sessions"], 4)
        self.assertEqual(counts["subscriptions"], 3)
        self.assertEqual(counts["received"], 1)
        self.assertEqual(counts["retained"], 2)
        # away: 4 and the one held back; old: the same; busy: 3.
        self.assertEqual(counts["deliveries"], 5 + 5 + 3)
        self.assertEqual(self.objects("store", "check", self.store), [{"rows": counts["deliveries"] + counts["messages"] + 4 + 3 + 1 + 2 + 2,
                                                                       "losses": 0, "wastes": 0}])
        sessions = {row["id"]: row for row in self.objects("store", "ls", self.store, "--sessions")}
        self.assertEqual(set(sessions), {"away", "old", "unreleased", "busy"})
        self.assertEqual(sessions["away"]["expiry_s"], 1000)
        self.assertLess(sessions["away"]["away_s"], 100)
        self.assertEqual(sessions["old"]["expiry_s"], "never")
        self.assertEqual(sessions["unreleased"]["received"], 1)
        shown, *deliveries = self.objects("store", "show", self.store, "away")
        self.assertEqual(shown["subscriptions"], [{"filter": "t/#", "qos": 2, "no_local": True, "retain_as_published": True,
                                                   "subscription_id": 300}])
        self.assertEqual([row["topic"] for row in deliveries], ["t/1", "t/2", "t/p", "t/soon", "t/held"])
        self.assertTrue(4000 < deliveries[3]["expires_in_s"] <= 5000)
        busy = self.objects("store", "show", self.store, "busy")[1:]
        self.assertEqual([(row["state"], row["qos"]) for row in busy], [("sent", 1), ("sent", 2), ("released", 2)])
        self.assertEqual(self.objects("store", "show", self.store, "--retained", "r/1")[0]["payload"], "kept")
        self.assertEqual(self.objects("store", "show", self.store, "--retained", "r/bytes")[0]["payload_base64"], "AP8=")

    def test_clients_of_tombo_get_what_mosquitto_held(self):
        self.run_tool("store", "import", self.store, self.file)
        broker = Broker(top="threads = 2", sections=f'[persistence]\ndirectory = "{self.store}"\n').start()
        try:
            old = RawClient(broker.port, "old", level=4, clean=False)
            self.assertEqual(old.connack[0], 1, "the session is present")
            got = []
            for _ in range(5):
                qos, retain, dup, topic, identifier, payload = publication(*old.receive_kind(PUBLISH))
                got.append((topic, payload, qos, retain, dup))
                old.send(packet(PUBACK, 0, struct.pack("!H", identifier)))
            self.assertEqual(got, [("t/1", b"one", 1, False, False), ("t/2", b"two", 1, False, False),
                                   ("t/p", b"with properties", 1, False, False), ("t/soon", b"expires", 1, False, False),
                                   ("t/held", b"held", 1, False, False)])
            busy = RawClient(broker.port, "busy", level=4, clean=False)
            seen = [busy.receive() for _ in range(3)]
            self.assertEqual([kind for kind, _, _ in seen], [PUBLISH, PUBLISH, PUBREL])
            self.assertTrue(all(publication(flags, body)[2] for kind, flags, body in seen if kind == PUBLISH), "DUP is set")
            # The publisher releases what it had sent to Mosquitto, and nobody gets it twice.
            unreleased = RawClient(broker.port, "unreleased", level=4, clean=False)
            unreleased.send(packet(PUBLISH, 0xC, text("t/held") + b"\0\x09" + b"held"))
            unreleased.receive_kind(PUBREC)
            release(unreleased, b"\0\x09")
            # Subscriptions live on, and retained messages are there.
            fresh = RawClient(broker.port, "fresh", level=4)
            fresh.send(packet(PUBLISH, 2, text("t/new") + b"\0\x01" + b"new"))
            _, _, _, topic, _, payload = publication(*old.receive_kind(PUBLISH))
            self.assertEqual((topic, payload), ("t/new", b"new"))
            # They may come before SUBACK.
            fresh.send(fresh.subscribe_bytes("r/#", 1))
            kept = {publication(*fresh.receive_kind(PUBLISH))[3:6:2] for _ in range(2)}
            self.assertEqual(kept, {("r/1", b"kept"), ("r/bytes", b"\x00\xff")})
        finally:
            broker.stop()
        self.objects("store", "check", self.store)

    def test_a_damaged_file_writes_nothing(self):
        data = self.file.read_bytes()
        damaged = self.folder / "damaged.db"
        for cut in range(0, len(data) - 1, 97):
            damaged.write_bytes(data[:cut] + b"\xff" * 8)
            run = self.run_tool("store", "import", "--from", "mosquitto", self.store, damaged, code=1)
            self.assertRegex(run.stderr, r"nothing was written: at offset \d+: ")
            self.assertFalse(self.store.exists())

    def test_an_export_comes_back_exactly(self):
        self.run_tool("store", "import", self.store, self.file)
        first, again = self.folder / "first.jsonl", self.folder / "again.jsonl"
        self.run_tool("store", "export", self.store, first)
        self.assertEqual(first.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.run_tool("store", "export", self.store, "-").stdout, first.read_text())
        copy = self.folder / "copy"
        self.run_tool("store", "import", copy, first)
        self.run_tool("store", "export", copy, again)
        self.assertEqual(again.read_text(), first.read_text())
        self.run_tool("store", "import", copy, first, code=1)
        merged = self.run_tool("store", "import", "--merge", copy, first)
        self.assertIn("4 sessions that the store has already", merged.stderr)
        self.run_tool("store", "export", copy, again)
        self.assertEqual(again.read_text(), first.read_text())

    def test_a_stopped_store_is_compacted_backed_up_and_restored(self):
        self.run_tool("store", "import", self.store, self.file)
        text_of = lambda directory: self.run_tool("store", "export", directory, "-").stdout
        before = text_of(self.store)
        self.run_tool("store", "compact", self.store)
        backup = self.folder / "backup"
        self.run_tool("store", "backup", self.store, backup)
        self.run_tool("store", "backup", self.store, backup, code=1)
        self.assertEqual(text_of(backup), before)
        self.run_tool("restore", backup, self.store, code=1)
        self.run_tool("restore", backup, self.folder, code=1)
        restored = self.folder / "restored"
        self.run_tool("restore", backup, restored)
        self.assertEqual(text_of(restored), before)

    def test_tables_are_cut_and_go_on(self):
        self.run_tool("store", "import", self.store, self.file)
        run = self.run_tool("store", "ls", self.store, "--sessions", "--limit", "1")
        self.assertEqual(run.stdout.split()[:7], ["CLIENT", "EXPIRY", "AWAY", "SUBS", "QUEUED", "BYTES", "NUMBER"])
        names = [run.stdout.splitlines()[1].split()[0]]
        while "there is more" in run.stderr:
            after = run.stderr.split("--after ")[1].split(",")[0]
            run = self.run_tool("store", "ls", self.store, "--sessions", "--limit", "1", "--after", after)
            names.append(run.stdout.splitlines()[1].split()[0])
        self.assertEqual(sorted(names), ["away", "busy", "old", "unreleased"])
        self.assertIn("format 1, epoch 1", self.run_tool("store", "ls", self.store).stdout)
        self.assertIn("r/bytes", self.run_tool("store", "ls", self.store, "--retained").stdout)
        table = self.run_tool("store", "show", self.store, "away", "--limit", "2")
        self.assertIn("t/#", table.stdout)
        self.assertIn("there is more", table.stderr)


@unittest.skipUnless(testing_tombo(), "tombo's own tool")
class Mistakes(Folder):
    def test_the_operators_mistakes_are_told(self):
        none = self.folder / "none"
        for command in ("ls", "check", "compact"):
            self.assertIn("there is no store in", self.run_tool("store", command, none, code=1).stderr)
        self.assertIn("there is no store in", self.run_tool("restore", none, self.folder / "x", code=1).stderr)
        self.assertIn("there is no store in", self.run_tool("store", "export", none, "-", code=1).stderr)
        self.assertFalse(none.exists())
        for arguments in (("store",), ("store", "ls"), ("store", "import", none), ("store", "ls", none, "--limit", "x"), ("restore", none),
                          ("store", "import", none, none, "--from", "other"), ("backup",), ("store", "nonsense", none)):
            self.run_tool(*arguments, code=2)
        foreign = self.folder / "foreign"
        foreign.write_text("MThd")
        self.assertIn("neither an export of tombo nor", self.run_tool("store", "import", none, foreign, code=1).stderr)
        self.assertIn("no broker listens", tomboctl(self.folder / "no.sock", "backup", "x").stderr)
        self.assertEqual(tomboctl(self.folder / "no.sock", "store", "compact").returncode, 3)

    def test_a_session_or_topic_that_is_not_there(self):
        export = self.folder / "export.jsonl"
        export.write_text('{"kind":"tombo-store","version":1}\n{"kind":"session","session":1,"client_id":"a"}\n{"kind":"end","lines":3}\n')
        store = self.folder / "store"
        self.run_tool("store", "import", store, export)
        self.assertIn("no session of client b", self.run_tool("store", "show", store, "b", code=1).stderr)
        self.assertIn("no retained message", self.run_tool("store", "show", store, "--retained", "t", code=1).stderr)
        self.run_tool("store", "show", store, code=2)
        self.run_tool("store", "ls", store, "--sessions", "--after", "x", code=2)

    def test_damage_on_disk_is_told(self):
        export = self.folder / "export.jsonl"
        lines = ['{"kind":"tombo-store","version":1}', '{"kind":"session","session":1,"client_id":"a"}']
        lines += ['{"kind":"delivery","session":1,"qos":1,"bytes":900,"body":{"topic":"t","payload":"%s"}}' % (str(n) * 300) for n in range(500)]
        lines.append('{"kind":"end","lines":%d}' % (len(lines) + 1))
        export.write_text("\n".join(lines) + "\n")
        store = self.folder / "store"
        self.run_tool("store", "import", store, export)
        self.run_tool("store", "compact", store)
        table = max((store / "db").glob("*.sst"), key=lambda path: path.stat().st_size)
        data = bytearray(table.read_bytes())
        data[len(data) // 2] ^= 0xFF
        table.write_bytes(data)
        self.assertRegex(self.run_tool("store", "check", store, code=1).stderr, "^tomboctl: the store in ")
        self.run_tool("restore", store, self.folder / "restored", code=1)
        self.assertFalse((self.folder / "restored").exists())


@unittest.skipUnless(testing_tombo(), "tombo's own tool")
class BesideARunningBroker(Folder):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"
        self.socket = self.folder / "control.sock"
        self.sections = f'[control]\nsocket = "{self.socket}"\n[persistence]\ndirectory = "{self.store}"\n'
        self.broker = Broker(sections=self.sections).start()
        self.addCleanup(self.broker.stop)
        client = RawClient(self.broker.port, "away", clean=False, properties=expiry(1000))
        client.subscribe("t", 1)
        client.disconnect()
        publisher = RawClient(self.broker.port, "publisher")
        for number in range(10):
            publisher.publish("t", b"message %d" % number, 1)
        publisher.disconnect()

    def test_it_is_read_and_not_written(self):
        self.assertEqual([(row["id"], row["queued"]) for row in self.objects("store", "ls", self.store, "--sessions")], [("away", 10)])
        self.objects("store", "check", self.store)
        export = self.folder / "export.jsonl"
        self.run_tool("store", "export", self.store, export)
        for arguments in (("compact", self.store), ("backup", self.store, self.folder / "b"), ("import", "--merge", self.store, export)):
            self.assertIn("in use", self.run_tool("store", *arguments, code=1).stderr)

    def test_it_is_backed_up_and_the_backup_starts(self):
        backup = self.folder / "backup"
        run = tomboctl(self.socket, "--json", "backup", backup)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads(run.stdout)["directory"], str(backup))
        again = tomboctl(self.socket, "backup", backup)
        self.assertEqual(again.returncode, 1)
        self.assertIn("is not empty", again.stderr)
        self.broker.says("control: store copied directory=")
        restored = self.folder / "restored"
        self.run_tool("restore", backup, restored)
        second = Broker(sections=f'[persistence]\ndirectory = "{restored}"\n').start()
        self.addCleanup(second.stop)
        away = RawClient(second.port, "away", clean=False, properties=expiry(1000))
        self.assertEqual(away.connack[0], 1, "the session is present")
        got = [away.receive_kind(PUBLISH)[1].rsplit(b"\0", 1)[-1] for _ in range(10)]
        self.assertEqual(got, [b"message %d" % number for number in range(10)])

    def test_it_is_compacted_and_its_figures_are_told(self):
        run = tomboctl(self.socket, "store", "compact")
        self.assertEqual(run.returncode, 0, run.stderr)
        status = json.loads(tomboctl(self.socket, "--json", "status").stdout)
        self.assertGreater(status["store"]["bytes_on_disk"], 0)
        self.assertRegex(tomboctl(self.socket, "status").stdout, r"store: on disk +[0-9.]+ ")


if __name__ == "__main__":
    main()
