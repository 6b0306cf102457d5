"""TLS-PSK keys from plugins of Mosquitto's interface: tests/plugin_mosquitto/keys.c, built against Debian's headers.

With BROKER=mosquitto the cases that both have run against Debian's broker, to check the tests themselves.
"""

import os
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from harness import HOST, ROOT, Broker, BrokerTest, free_port, main, testing_tombo, wait_until

KEYS_C = ROOT / "tests" / "plugin_mosquitto" / "keys.c"
KEY = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
OTHER = "000102030405060708090a0b0c0d0e0f"
FULL = "ff" * 512
VERSIONS = ("tlsv1.2", "tlsv1.3")


def build(folder, version):
    """As a plugin's author would."""
    built = Path(folder) / f"keys{version}.so"
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-shared", "-fPIC", f"-DVERSION={version}", str(KEYS_C), "-o",
                    str(built)], check=True)
    return built


def run(*arguments):
    return subprocess.run([str(each) for each in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=harness.DEADLINE_S, check=False)


def publish(port, *more):
    return run("mosquitto_pub", "-h", HOST, "-p", port, "-q", "1", "-t", "x", "-m", "x", *more)


def s_client(port, version, identity, key):
    return run("openssl", "s_client", "-connect", f"{HOST}:{port}", "-" + version.replace("v", "").replace(".", "_"),
               "-psk", key, "-psk_identity", identity)


class Keys:
    """A plain listener, and one whose keys the plugin gives."""

    version = 5
    psk_file = None  # of the listener
    more = ""        # lines of the listener, in TOML

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tombo-keys-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.folder.chmod(0o777)
        cls.tls = free_port()
        cls.gate, cls.asked = cls.folder / "gate", cls.folder / "asked"
        plugin = build(cls.folder, cls.version)
        file = ""
        if cls.psk_file:
            (cls.folder / "psk").write_text(cls.psk_file)
            file = str(cls.folder / "psk")
        cls.sections = (f'[[listener]]\naddress = "{HOST}"\nport = {cls.tls}\npsk_hint = "which one"\npsk_file = "{file}"\n'
                        f'user_name_from = "psk_identity"\nauthentication = ["plugin:keys"]\n{cls.more}\n'
                        f'[[plugin]]\nname = "keys"\npath = "{plugin}"\noptions = ["gate={cls.gate}", "asked={cls.asked}"]\n'
                        'deadline_ms = 60000\n')
        cls.mosquitto = (f"listener {cls.tls} {HOST}\npsk_hint which one\n" + (f"psk_file {file}\n" if file else "") +
                         f"use_identity_as_username true\nplugin {plugin}\nplugin_opt_gate {cls.gate}\n"
                         f"plugin_opt_asked {cls.asked}\n")
        super().setUpClass()

    def as_client(self, identity, key, version="tlsv1.2"):
        return ["--psk-identity", identity, "--psk", key, "--tls-version", version]

    def let_in(self, *who):
        return publish(self.tls, *self.as_client(*who)).returncode == 0

    def begin(self, *who):
        """A client that may have to wait."""
        return self.run_tool("mosquitto_pub", "-h", HOST, "-p", self.tls, "-q", "1", "-t", "x", "-m", "x", *self.as_client(*who))

    def refused(self, words, *who):
        """The client is kept out, and the log says why."""
        before = len(self.broker.log())
        self.assertFalse(self.let_in(*who), who)
        if testing_tombo():
            wait_until(lambda: words in self.broker.log()[before:], f"the log says {words!r} of {who}")

    def shut_gate(self):
        """The plugin waits from now on when it is asked about "slow"."""
        self.gate.unlink(missing_ok=True)
        self.addCleanup(self.gate.touch)

    def questions(self, identity):
        text = self.asked.read_text() if self.asked.exists() else ""
        return [line for line in text.splitlines() if line.split(" ")[0] == identity]


class FromAPlugin(Keys, BrokerTest):
    def test_who_has_the_key_comes_in(self):
        for version in VERSIONS:
            self.assertTrue(self.let_in("plugin-1", KEY, version), self.broker.tail(20))

    def test_in_both_versions_of_openssl(self):
        for version in VERSIONS:
            done = s_client(self.tls, version, "plugin-1", KEY)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(version.upper().replace("V", "v"), done.stdout)
            self.assertNotIn("Cipher is (NONE)", done.stdout)

    def test_the_plugin_is_told_what_it_may_know(self):
        self.assertTrue(self.let_in("plugin-1", KEY))
        self.assertEqual(self.questions("plugin-1")[-1], "plugin-1 from=127.0.0.1 hint=which one max=1024")

    def test_the_longest_key(self):
        if not testing_tombo():
            self.skipTest("Debian's broker takes no key of this length")
        for version in VERSIONS:
            tried = s_client(self.tls, version, "full", FULL)
            self.assertEqual(tried.returncode, 0, tried.stdout + tried.stderr)

    def test_wrong_keys_and_identities_that_nobody_knows(self):
        for version in VERSIONS:
            self.refused('wrong key for PSK identity "plugin-1"', "plugin-1", OTHER, version)
            for identity in ("stranger", "forbidden", "empty"):
                self.refused(f'unknown PSK identity "{identity}"', identity, KEY, version)

    def test_what_is_no_key_is_told(self):
        for version in VERSIONS:
            for identity in ("odd-hex", "no-hex"):
                self.refused(f'plugin keys: what it gives as key of PSK identity "{identity}" is none', identity, KEY, version)

    @unittest.skipUnless(testing_tombo(), "Debian's broker stands still meanwhile")
    def test_a_plugin_that_takes_its_time_keeps_nobody_else_waiting(self):
        self.shut_gate()
        waiting = [self.begin("slow", KEY, version) for version in VERSIONS]
        wait_until(lambda: self.questions("slow"), "the plugin is asked")
        # Others are served meanwhile on the same shard, as long as they want nothing of the plugin.
        with socket.create_connection((HOST, self.port), timeout=harness.DEADLINE_S) as plain:
            plain.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01p\xc0\x00")
            answer = b""
            while len(answer) < 6:
                answer += plain.recv(16)
        self.assertEqual(answer, b"\x20\x02\x00\x00\xd0\x00")
        self.assertEqual([tool.process.poll() for tool in waiting], [None, None])
        self.gate.touch()
        for tool in waiting:
            self.assertEqual(tool.wait_exit(), 0, tool.output() + self.broker.tail(20))

    @unittest.skipUnless(testing_tombo(), "Debian's broker stands still meanwhile")
    def test_a_client_that_goes_while_its_key_is_asked_for_leaves_nothing_behind(self):
        self.shut_gate()
        before, asked = self.broker.descriptors(), len(self.questions("slow"))
        gone = [self.begin("slow", KEY, version) for version in VERSIONS]
        wait_until(lambda: len(self.questions("slow")) > asked, "the plugin is asked")
        for tool in gone:
            tool.kill()
        self.gate.touch()
        self.assertTrue(self.let_in("plugin-1", KEY))  # its question waits behind those
        wait_until(lambda: self.broker.descriptors() <= before, "the connections are gone")

    def test_the_identity_is_the_user(self):
        before = len(self.broker.log())
        self.assertTrue(self.let_in("plugin-1", KEY))
        if testing_tombo():
            self.broker.says(r"connected .*user=plugin-1", before)


class FromVersion4(FromAPlugin):
    version = 4


class FromVersion3(FromAPlugin):
    version = 3


@unittest.skipUnless(testing_tombo(), "Debian's broker has no version 2 any more")
class FromVersion2(FromAPlugin):
    version = 2

    def test_the_plugin_is_told_what_it_may_know(self):
        self.assertTrue(self.let_in("plugin-1", KEY))
        self.assertEqual(self.questions("plugin-1")[-1], "plugin-1 from=- hint=which one max=1024")


class BesideAFile(Keys, BrokerTest):
    """A psk_file decides alone."""

    psk_file = f"file-1:{OTHER}\nboth:{OTHER}\n"

    def test_the_file_gives_keys_and_the_plugin_is_not_asked(self):
        for version in VERSIONS:
            self.assertTrue(self.let_in("file-1", OTHER, version), self.broker.tail(20))
            self.assertTrue(self.let_in("both", OTHER, version))
            self.refused('wrong key for PSK identity "both"', "both", KEY, version)
            self.refused('unknown PSK identity "plugin-1"', "plugin-1", KEY, version)
        self.assertFalse(self.asked.exists())


@unittest.skipUnless(testing_tombo(), "tombo's own words")
class Deadlines(Keys, BrokerTest):
    more = "tls_handshake_timeout_s = 1"

    def test_the_handshake_timeout_holds(self):
        """The plugin says nothing: the connection goes, and its answer is dropped later."""
        self.shut_gate()
        self.assertFalse(self.let_in("slow", KEY))
        self.assertIsNone(self.broker.process.poll())
        self.gate.touch()
        self.assertTrue(self.let_in("plugin-1", KEY), self.broker.tail(20))


@unittest.skipUnless(testing_tombo(), "tombo's own words")
class Starting(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tombo-keys-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def launch(self, **how):
        broker = Broker(**how)
        self.addCleanup(lambda: broker.process and broker.process.poll() is None and broker.process.kill())
        broker.launch()
        return broker

    def quiet(self):
        """A plugin that wants nothing."""
        quiet = self.folder / "quiet.so"
        source = self.folder / "quiet.c"
        source.write_text("int mosquitto_plugin_version(int c, const int *v) { (void)c, (void)v; return 5; }\n"
                          "int mosquitto_plugin_init(void *i, void **u, void *o, int c) "
                          "{ (void)i, (void)u, (void)o, (void)c; return 0; }\n")
        subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(quiet)], check=True)
        return quiet

    def test_a_hint_wants_keys_from_somebody(self):
        quiet = self.quiet()
        plugin = f'[[plugin]]\nname = "quiet"\npath = "{quiet}"\n'
        broker = self.launch(listener='psk_hint = "h"\nauthentication = ["plugin:quiet"]', sections=plugin)
        self.assertNotEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("it has psk_hint and no psk_file, and none of its plugins gives pre-shared keys", broker.log())
        broker = self.launch(listener='psk_hint = "h"', sections=plugin)
        self.assertNotEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("or name a plugin that gives keys in 'authentication'", broker.log())

    def test_in_mosquittos_syntax_nobody_gets_in(self):
        port = free_port()
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {port} {HOST}\nallow_anonymous true\npsk_hint h\nuser root\n")
        broker = Broker(port=port)
        broker.command = [harness.tombo_binary(), "-c", str(file)]
        broker.start()
        self.addCleanup(broker.stop)
        broker.says("nobody gets in")
        for plain in (True, False):
            more = [] if plain else ["--psk", KEY, "--psk-identity", "x"]
            done = publish(port, *more)
            self.assertNotEqual(done.returncode, 0)

    def test_a_plugin_that_decides_nothing_keeps_nobody_out(self):
        port, file = free_port(), self.folder / "mosquitto.conf"
        file.write_text(f"listener {port} {HOST}\nallow_anonymous true\nplugin {self.quiet()}\nuser root\n")
        broker = Broker(port=port)
        broker.command = [harness.tombo_binary(), "-c", str(file)]
        broker.start()
        self.addCleanup(broker.stop)
        self.assertEqual(publish(port).returncode, 0)

    def test_mosquittos_syntax_with_a_plugin(self):
        port = free_port()
        plugin = build(self.folder, 5)
        file = self.folder / "mosquitto.conf"
        file.write_text(f"per_listener_settings true\nlistener {port} {HOST}\nallow_anonymous true\npsk_hint h\n"
                        f"use_identity_as_username true\nplugin {plugin}\nplugin_opt_asked {self.folder / 'asked'}\nuser root\n")
        broker = Broker(port=port)
        broker.command = [harness.tombo_binary(), "-c", str(file)]
        broker.start()
        self.addCleanup(broker.stop)
        done = publish(port, "--psk", KEY, "--psk-identity", "plugin-1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + broker.log())


if __name__ == "__main__":
    main()
