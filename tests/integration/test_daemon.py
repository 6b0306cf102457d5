"""The daemon as scripts around Mosquitto use it: signals, its log as a topic, TLS secrets, the user that it becomes, and a
mosquitto.db that it takes over."""

import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from harness import Broker, BrokerTest, HOST, Tool, free_port, main, testing_tombo, tombo_binary, wait_until
from raw_client import PUBLISH, RawClient

MOSQUITTO = "/usr/sbin/mosquitto"


def has_store():
    """Whether this tombo is built with one."""
    folder = Path(tempfile.mkdtemp(prefix="tombo-probe-"))
    config = folder / "t.toml"
    config.write_text(f'[persistence]\ndirectory = "{folder}/store"\n')
    run = subprocess.run([tombo_binary(), "-c", str(config), "--test-config"], capture_output=True, text=True, timeout=30)
    shutil.rmtree(folder)
    return run.returncode == 0


def publication(body):
    size = int.from_bytes(body[:2], "big")
    return body[2:2 + size].decode(), body[2 + size:]


@unittest.skipUnless(testing_tombo(), "tombo's own signals")
class Signals(unittest.TestCase):
    def started(self, **words):
        broker = Broker(**words).start()
        self.addCleanup(broker.stop)
        return broker

    def wait_for(self, broker, *words):
        wait_until(lambda: all(word in broker.log() for word in words), f"the log has {words}:\n{broker.log()}")

    def test_usr1_says_that_nothing_is_kept(self):
        broker = self.started()
        broker.signal(signal.SIGUSR1)
        self.wait_for(broker, "nothing is kept")

    @unittest.skipUnless(testing_tombo() and has_store(), "built without a store")
    def test_usr1_writes_what_waits_though_nothing_is_synced_by_itself(self):
        folder = Path(tempfile.mkdtemp(prefix="tombo-save-"))
        self.addCleanup(shutil.rmtree, folder, True)
        # Nothing is written for a minute, so what survives kill -9 was written because of the signal.
        sections = (f'[persistence]\ndirectory = "{folder}/store"\nsync = "interval"\nsync_interval_ms = 60000\n')
        broker = Broker(sections=sections).start()
        client = RawClient(broker.port, "saver", level=4)
        client.send(client.publish_bytes("kept", b"before the signal", 0, True))
        client.ping()
        broker.signal(signal.SIGUSR1)
        self.wait_for(broker, "everything that came before is on the disk")
        broker.process.kill()
        broker.process.wait()
        again = self.started(sections=sections)
        reader = RawClient(again.port, "reader", level=4)
        reader.send(reader.subscribe_bytes("kept"))
        self.assertEqual(publication(reader.receive_kind(PUBLISH)[1]), ("kept", b"before the signal"))
        shutil.rmtree(broker.folder, ignore_errors=True)

    def test_usr2_writes_a_summary_and_every_subscription(self):
        broker = self.started(top="threads = 2\nplacement = \"hash\"")
        clients = [RawClient(broker.port, f"client-{number}") for number in range(8)]
        for number, client in enumerate(clients):
            client.subscribe(f"tree/{number}/+", 1)
            client.subscribe("$share/g/tree/#", 0)
        broker.signal(signal.SIGUSR2)
        self.wait_for(broker, "that were all subscriptions lines=16")
        for number in range(8):
            self.assertRegex(broker.log(), rf"subscription tree/{number}/\+ qos=1 client=client-{number}\b")
        self.assertEqual(len(re.findall(r"subscription \$share/g/tree/# qos=0 client=client-", broker.log())), 8)

    def test_usr2_spreads_many_subscriptions_over_time_and_ends(self):
        broker = self.started()
        client = RawClient(broker.port, "many", level=4)
        for number in range(3000):
            client.send(client.subscribe_bytes(f"many/{number}"))
        for _ in range(3000):
            client.receive()
        broker.signal(signal.SIGUSR2)
        self.wait_for(broker, "that were all subscriptions lines=3000")
        self.assertEqual(len(re.findall(r"subscription many/\d+ qos=0 client=many\b", broker.log())), 3000)

    def test_the_broker_says_when_it_is_ready_and_then_listens(self):
        broker = Broker()
        broker.launch()
        self.addCleanup(broker.stop)
        self.wait_for(broker, "tombo is ready")
        RawClient(broker.port, "at-once").disconnect()


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class LogAsTopic(BrokerTest):
    sections = '[log]\nto = ["stderr", "topic"]\nwording = "mosquitto"\ntypes = ["all"]\n'

    def test_lines_are_published_under_the_letter_of_their_type_and_lead_to_no_others(self):
        watcher = RawClient(self.port, "watcher", level=4)
        watcher.subscribe("$SYS/broker/log/#", 1)
        RawClient(self.port, "comes", level=4).disconnect()
        seen = []
        while not any("Client comes disconnected" in line for _, line in seen):
            topic, payload = publication(watcher.receive_kind(PUBLISH)[1])
            seen.append((topic, payload.decode()))
        told = {line.split(": ", 1)[1]: topic for topic, line in seen}
        self.assertEqual(told["Client comes disconnected."], "$SYS/broker/log/N")
        self.assertEqual(told["Received DISCONNECT from comes"], "$SYS/broker/log/D")
        for _, line in seen:
            self.assertNotRegex(line, "PUBLISH to watcher")
            self.assertRegex(line, r"^\d+: ")
        # Whoever asks for the log and for debug lines at once gets an end of it: the socket falls silent.
        watcher.ping()


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class KeyLog(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-keylog-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def test_secrets_of_a_connection_are_written_for_nobody_else_to_read(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"], check=True, capture_output=True)
        broker = Broker(listener=f'certificates = ["{self.folder}/cert.pem"]\nkeys = ["{self.folder}/key.pem"]\n')
        keys = self.folder / "keys.log"
        broker.command += ["--tls-keylog", str(keys)]
        broker.start()
        self.addCleanup(broker.stop)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        ours = self.folder / "ours.log"
        context.keylog_filename = str(ours)
        with socket.create_connection((HOST, broker.port)) as plain, context.wrap_socket(plain) as secret:
            secret.sendall(b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03key")
            secret.recv(4)
        lines = {line for line in ours.read_text().splitlines() if line.startswith("CLIENT_TRAFFIC")}
        self.assertEqual(len(lines), 1)
        wait_until(lambda: lines <= set(keys.read_text().splitlines()), "the broker has written the same secret")
        self.assertEqual(stat.S_IMODE(keys.stat().st_mode), 0o600)
        broker.says("can read recordings")

    def test_a_link_is_not_followed(self):
        (self.folder / "other").write_text("")
        (self.folder / "link").symlink_to(self.folder / "other")
        run = subprocess.run([tombo_binary(), "-p", str(free_port()), "--tls-keylog", str(self.folder / "link")],
                             capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("cannot write TLS secrets", run.stdout + run.stderr)


@unittest.skipUnless(testing_tombo() and os.geteuid() == 0, "root becomes somebody else")
class BecomesUser(unittest.TestCase):
    def test_log_and_pid_file_and_store_belong_to_the_user(self):
        folder = Path(tempfile.mkdtemp(prefix="tombo-user-"))
        self.addCleanup(shutil.rmtree, folder, True)
        os.chmod(folder, 0o777)
        store = f'[persistence]\ndirectory = "{folder}/store"\n' if has_store() else ""
        broker = Broker(top=f'pid_file = "{folder}/pid"',
                        sections=f'[defence]\nuser = "nobody"\n[log]\nto = ["stderr", "file:{folder}/log"]\n{store}').start()
        self.addCleanup(broker.stop)
        nobody = pwd.getpwnam("nobody").pw_uid
        wait_until(lambda: "ready" in (folder / "log").read_text(), "it is ready")
        for name in ["log", "pid"] + (["store"] if store else []):
            self.assertEqual((folder / name).stat().st_uid, nobody, name)
        os.rename(folder / "log", folder / "log.1")
        broker.signal(signal.SIGHUP)
        wait_until(lambda: (folder / "log").exists(), "the user can open its log anew")
        self.assertEqual((folder / "log").stat().st_uid, nobody)


def mosquittos_file(folder):
    """A mosquitto.db with a retained message, a session with two subscriptions, and a message that waits for it."""
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} {HOST}\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
                      "autosave_interval 0\n" + ("user root\n" if os.geteuid() == 0 else ""))
    server = Tool([MOSQUITTO, "-c", config])
    try:
        server.wait_for("running")
        away = RawClient(port, "away", level=4, clean=False)
        away.subscribe("wait/#", 1)
        away.subscribe("other/+", 2)
        away.disconnect()
        publisher = RawClient(port, "publisher", level=4)
        publisher.publish("wait/1", b"first", 1)
        publisher.publish("wait/2", b"second", 1)
        publisher.send(publisher.publish_bytes("kept/a", b"retained", 1, True))
        publisher.receive()
        publisher.disconnect()
        os.kill(server.pid, signal.SIGTERM)  # which saves
        server.wait_exit()
    finally:
        server.kill()
    return folder / "mosquitto.db"


@unittest.skipUnless(testing_tombo() and os.path.exists(MOSQUITTO) and has_store(), "wants a store and Debian's mosquitto")
class TakesOver(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-takes-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.file = mosquittos_file(self.folder)
        self.sections = f'[persistence]\ndirectory = "{self.folder}/store"\nimport_file = "{self.file}"\n'

    def started(self):
        broker = Broker(sections=self.sections).start()
        self.addCleanup(broker.stop)
        return broker

    def received(self, port, count):
        client = RawClient(port, "away", level=4, clean=False)
        got = []
        for _ in range(count):
            topic, rest = publication(client.receive_kind(PUBLISH)[1])
            client.send(b"\x40\x02" + rest[:2])
            got.append((topic, rest[2:]))
        client.ping()
        client.disconnect()
        return got

    def test_sessions_subscriptions_queues_and_retained_messages_are_there(self):
        before = self.file.read_bytes()
        broker = self.started()
        broker.says(r"taken over from .*mosquitto\.db: sessions=1 subscriptions=2 queued=2 retained=\d+")
        self.assertEqual(self.received(broker.port, 2), [("wait/1", b"first"), ("wait/2", b"second")])
        reader = RawClient(broker.port, "reader", level=4)
        reader.send(reader.subscribe_bytes("kept/#"))
        self.assertEqual(publication(reader.receive_kind(PUBLISH)[1]), ("kept/a", b"retained"))
        self.assertEqual(self.file.read_bytes(), before)
        self.assertFalse((self.folder / "store" / "importing").exists())

    def test_it_happens_once(self):
        first = self.started()
        self.received(first.port, 2)
        first.stop()
        again = self.started()
        self.assertNotIn("taken over", again.log())
        client = RawClient(again.port, "away", level=4, clean=False)
        self.assertEqual(client.connack[0], 1)  # the session is there, and nothing waits for it any more
        client.ping()

    @unittest.skipUnless(os.geteuid() == 0, "root becomes somebody else")
    def test_root_reads_the_file_and_the_store_belongs_to_the_user_that_the_broker_becomes(self):
        os.chmod(self.file, 0o600)
        os.chown(self.file, 0, 0)
        os.chmod(self.folder, 0o755)
        self.sections += '[defence]\nuser = "nobody"\n'
        broker = self.started()
        broker.says("taken over")
        owners = {path.stat().st_uid for path in (self.folder / "store").rglob("*")}
        self.assertEqual(owners, {pwd.getpwnam("nobody").pw_uid})
        self.assertEqual(len(self.received(broker.port, 2)), 2)

    def test_an_import_that_was_cut_off_is_begun_again(self):
        (self.folder / "store").mkdir()
        (self.folder / "store" / "importing").touch()
        (self.folder / "store" / "db").mkdir()
        (self.folder / "store" / "db" / "LOCK").touch()
        broker = self.started()
        broker.says("taken over")
        self.assertEqual(len(self.received(broker.port, 2)), 2)

    def test_a_file_that_is_not_there_is_no_mistake(self):
        self.file.unlink()
        broker = self.started()
        broker.says("nothing is taken over")

    def test_a_damaged_file_refuses_the_start_and_leaves_no_store(self):
        whole = self.file.read_bytes()
        for damaged in (whole[:-7], b"no database", whole[:20] + b"\xff" * 8 + whole[28:]):
            self.file.write_bytes(damaged)
            broker = Broker(sections=self.sections)
            run = subprocess.run(broker.command, capture_output=True, text=True, timeout=30)
            self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
            self.assertRegex(run.stdout + run.stderr, r"mosquitto\.db cannot be taken over, and nothing was")
            self.assertFalse((self.folder / "store" / "db").exists())
        self.file.write_bytes(whole)
        self.started().says("taken over")


@unittest.skipUnless(testing_tombo(), "tombo's own command line")
class CommandLine(unittest.TestCase):
    def run_tombo(self, *arguments):
        return subprocess.run([tombo_binary(), *map(str, arguments)], capture_output=True, text=True, timeout=30,
                              preexec_fn=harness.end_with_parent)

    def test_help_names_what_scripts_use(self):
        run = self.run_tombo("-h")
        self.assertEqual(run.returncode, 0)
        for word in ("-c", "-p", "-v", "-d", "-q", "--test-config", "--tls-keylog", "--config-format", "USR1", "USR2"):
            self.assertIn(word, run.stdout)

    def test_a_format_that_there_is_not_is_refused(self):
        run = self.run_tombo("-c", "x", "--config-format", "yaml")
        self.assertEqual(run.returncode, 2)
        self.assertIn("toml or mosquitto", run.stderr)

    def test_a_mistake_in_a_file_in_mosquittos_syntax_ends_with_3(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("no_such_directive true\n")
            file.flush()
            for more in ([], ["--test-config"]):
                run = self.run_tombo("-c", file.name, "--config-format", "mosquitto", *more)
                self.assertEqual(run.returncode, 3, run.stdout + run.stderr)
                self.assertIn("no_such_directive", run.stdout + run.stderr)

    def test_a_file_of_mosquitto_is_recognised_and_speaks_as_mosquitto_does(self):
        folder = Path(tempfile.mkdtemp(prefix="tombo-drop-in-"))
        self.addCleanup(shutil.rmtree, folder, True)
        port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {port} {HOST}\nallow_anonymous true\nlog_dest stderr\n" +
                          ("user root\n" if os.geteuid() == 0 else ""))
        broker = Tool([tombo_binary(), "-c", config, "-p", str(free_port())])
        self.addCleanup(broker.kill)
        broker.wait_for(r"^\d+: mosquitto version \S+ running$")
        RawClient(port, "known", level=4).disconnect()
        broker.wait_for(rf"^\d+: New connection from {HOST}:\d+ on port {port}\.$")
        broker.wait_for(rf"^\d+: New client connected from {HOST}:\d+ as known \(p2, c1, k0\)\.$")
        broker.wait_for(r"^\d+: Client known disconnected\.$")
        os.kill(broker.pid, signal.SIGTERM)
        self.assertEqual(broker.wait_exit(), 0)

    @unittest.skipUnless(os.geteuid() == 0 and testing_tombo(), "root becomes somebody else")
    def test_root_with_a_file_of_mosquitto_that_names_no_user_becomes_mosquitto(self):
        folder = Path(tempfile.mkdtemp(prefix="tombo-drop-in-"))
        self.addCleanup(shutil.rmtree, folder, True)
        os.chmod(folder, 0o755)
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {free_port()} {HOST}\nallow_anonymous true\nlog_dest stderr\n")
        broker = Tool([tombo_binary(), "-c", config])
        self.addCleanup(broker.kill)
        broker.wait_for("running$")
        try:
            wanted = pwd.getpwnam("mosquitto").pw_uid
        except KeyError:
            wanted = pwd.getpwnam("nobody").pw_uid
        self.assertEqual(os.stat(f"/proc/{broker.pid}").st_uid, wanted)


if __name__ == "__main__":
    main()
