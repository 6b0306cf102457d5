"""What an operator does and gets wrong, against the tombo binary: configuration, signals, exit codes."""

import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from harness import Broker, HOST, Tool, free_port, main, testing_tombo, tombo_binary, wait_until
from raw_client import DISCONNECT, RawClient

MOSQUITTO_CONF = "# a configuration as mosquitto knows it\nlistener 1883\nallow_anonymous true\npersistence false\n"


@unittest.skipUnless(testing_tombo(), "tombo's own command line")
class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-op-"))

    def write(self, text, name="tombo.toml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def run_tombo(self, *arguments):
        return subprocess.run([tombo_binary(), *map(str, arguments)], capture_output=True, text=True, timeout=30,
                              preexec_fn=harness.end_with_parent)

    def good(self, port=None, top=""):
        return f'allow_anonymous = true\n{top}\n[[listener]]\naddress = "{HOST}"\nport = {port or free_port()}\n'

    def assert_problem(self, run, path, line, *words):
        said = run.stdout + run.stderr
        self.assertEqual(run.returncode, 2, said)
        self.assertRegex(said, rf"{path}:{line}:\d+")
        for word in words:
            self.assertIn(word, said)

    def test_a_typo_in_a_key_is_named_with_its_place_and_the_nearest_key(self):
        path = self.write(self.good(top="alow_anonymous = true"))
        for arguments in (("-c", path), ("-c", path, "--test-config")):
            self.assert_problem(self.run_tombo(*arguments), path, 2, "alow_anonymous", "allow_anonymous")

    def test_every_problem_is_told_at_once(self):
        path = self.write(self.good() + '[limits]\nretained_batch = "many"\nqueue_message_max = 3\n')
        run = self.run_tombo("-c", path)
        self.assert_problem(run, path, 7, "retained_batch")
        self.assert_problem(run, path, 8, "queue_message_max", "queue_messages_max")

    def test_broken_toml_is_named_with_its_place(self):
        path = self.write("allow_anonymous = true\n[limits\n")
        self.assert_problem(self.run_tombo("-c", path), path, 2)

    def test_a_configuration_of_mosquitto_is_taken_as_it_is(self):
        path = self.write(MOSQUITTO_CONF, "mosquitto.conf")
        run = self.run_tombo("--test-config", "-c", path)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("warning", run.stderr)

    def test_a_mistake_in_a_configuration_of_mosquitto_is_named_with_its_place(self):
        path = self.write(MOSQUITTO_CONF + "max_inflight_mesages 5\n", "mosquitto.conf")
        run = self.run_tombo("-c", path)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn(f"{path}:5:1: error: unknown directive 'max_inflight_mesages'; did you mean 'max_inflight_messages'?", run.stderr)

    def test_files_that_cannot_be_read(self):
        for path in (self.folder / "missing.toml", self.folder):
            run = self.run_tombo("-c", path)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(str(path), run.stdout + run.stderr)

    def test_test_config_says_good_or_bad_and_starts_nothing(self):
        good = self.run_tombo("-c", self.write(self.good()), "--test-config")
        self.assertEqual(good.returncode, 0, good.stderr)
        bad = self.run_tombo("-c", self.write(self.good() + "x = 1\n"), "--test-config")
        self.assertEqual(bad.returncode, 2, bad.stderr)

    def test_the_shipped_configuration_is_good(self):
        run = self.run_tombo("-c", harness.ROOT / "config/tombo.toml", "--test-config")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_the_printed_configuration_loads(self):
        printed = self.run_tombo("-c", self.write(self.good()), "--print-config")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        again = self.run_tombo("-c", self.write(printed.stdout, "printed.toml"), "--test-config")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)

    def test_version_and_help(self):
        self.assertRegex(self.run_tombo("--version").stdout, r"\d+\.\d+\.\d+")
        help_text = self.run_tombo("--help")
        self.assertEqual(help_text.returncode, 0)
        for option in ("--test-config", "--print-config", "-p", "-c", "-v", "-d"):
            self.assertIn(option, help_text.stdout)

    def test_a_port_in_use_by_another_program(self):
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            run = self.run_tombo("-c", self.write(self.good(port)))
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn(str(port), run.stdout + run.stderr)

    def test_a_port_in_use_by_another_tombo(self):
        first = Broker().start()
        try:
            run = self.run_tombo("-c", self.write(self.good(first.port)))
            self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        finally:
            first.stop()

    def test_without_a_file_it_listens_on_loopback_and_says_so(self):
        port = free_port()
        tool = Tool([tombo_binary(), "-p", port])
        try:
            wait_until(lambda: not socket.socket().connect_ex((HOST, port)), "it listens")
            client = RawClient(port, "anyone")
            client.ping()
            client.disconnect()
            listening = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=False)
            for line in listening.stdout.splitlines():
                self.assertRegex(line, r"127\.0\.0\.1:|\[::1\]:")
            tool.wait_for("(?i)loopback|localhost|local only|127.0.0.1")
            tool.process.send_signal(signal.SIGINT)
            self.assertEqual(tool.wait_exit(), 0, tool.output())
        finally:
            tool.kill()


@unittest.skipUnless(testing_tombo(), "tombo's own signals")
class Signals(unittest.TestCase):
    def setUp(self):
        self.broker = Broker().start()

    def tearDown(self):
        self.broker.stop()

    def log_grows(self, number, what):
        before = len(self.broker.log())
        self.broker.signal(number)
        wait_until(lambda: len(self.broker.log()) > before, what)
        return lambda: self.broker.log()[before:]

    def test_sigterm_tells_v5_clients_and_ends_with_0(self):
        # covers: 5.0 MQTT-3.14.4-1
        v5, v311 = RawClient(self.broker.port, "v5"), RawClient(self.broker.port, "v4", level=4)
        self.broker.signal(signal.SIGTERM)
        _, body = v5.receive_kind(DISCONNECT)
        self.assertEqual(body[0], 0x8B)
        for client in (v5, v311):
            with self.assertRaises((EOFError, ConnectionResetError)):
                client.receive()
        self.assertEqual(self.broker.process.wait(20), 0, self.broker.log())
        self.broker.process = None  # ended as it should

    def test_sighup_reloads_and_says_what_it_cannot(self):
        self.broker.sections = "[mqtt]\nretain_available = false\n"
        self.broker.top = "threads = 3\n"
        self.broker.write_config()
        said = self.log_grows(signal.SIGHUP, "the reload is logged")
        wait_until(lambda: "threads" in said(), "the log names what needs a restart")

        def retain_refused():
            client = RawClient(self.broker.port, "after-reload")
            # CONNACK: flags, reason, property length, properties; Retain Available is property 0x25.
            refused = bytes([0x25, 0]) in client.connack[2:]
            client.disconnect()
            return refused

        wait_until(retain_refused, "new connections are told the reloaded option")

    def test_a_bad_file_at_sighup_leaves_the_old_options(self):
        client = RawClient(self.broker.port, "stays")
        self.broker.config.write_text("alow_anonymous = true\n")
        said = self.log_grows(signal.SIGHUP, "the reload is logged")
        wait_until(lambda: "alow_anonymous" in said(), "the log names the mistake")
        client.ping()
        RawClient(self.broker.port, "new").disconnect()

    def test_sigusr2_writes_a_summary(self):
        client = RawClient(self.broker.port, "one")
        said = self.log_grows(signal.SIGUSR2, "the summary is in the log")
        wait_until(lambda: "connections" in said() or "clients" in said(), "the summary counts clients")
        client.ping()

    def test_sigint_ends_with_0(self):
        self.broker.signal(signal.SIGINT)
        self.assertEqual(self.broker.process.wait(20), 0, self.broker.log())
        self.broker.process = None


if __name__ == "__main__":
    main()
