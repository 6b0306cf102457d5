"""Files in Mosquitto's syntax: taken or refused by tombo as by Debian's mosquitto, and the same as TOML by tomboctl import."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import Tool, free_port, main, tombo_binary

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"

# Lines below "listener PORT 127.0.0.1", and whether Mosquitto 2.0.11 starts with them.
LINES = [
    ("persistence false # hello", True),
    ("  sys_interval 5", True),
    ("max_inflight_messages 0", True),
    ("max_inflight_messages 70000", False),
    ("allow_anonymous True", False),
    ("allow_anonymous", False),
    ("nonsense true", False),
    ("max_packet_size 10", False),
    ("max_keepalive 5", False),
    ("max_qos 3", False),
    ("max_connections -1", True),
    ("persistent_client_expiration 10", False),
    ("persistent_client_expiration 10d", True),
    ("retry_interval 3", True),
    ("protocol mqttv31", False),
    ("pid_file /dev/null\npid_file /dev/null", False),
    ("plugin_opt_x y", False),
    ("topic # out", False),
    ("clientid x", False),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0 \"\" x/", True),
    ("connection c\naddress 127.0.0.1:1\ntopic \"a b\" out 0", False),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0 # x/", True),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0 a#b x/", False),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0 a x/", False),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0\nconnection c", False),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0\nkeepalive_interval 3", True),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0\nstart_type manual", False),
    ("connection c\naddress 127.0.0.1:1\ntopic # out 0\nclientid a\nremote_clientid b", False),
    ("allow_anonymous true\nper_listener_settings true", False),
    ("include_dir /nowhere", False),
    ("log_type none", True),
    ("socket_domain ipv4", True),
    ("socket_domain both", False),
]


class MosquittoConf(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tombo-conf-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, "mosquitto.conf")

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def mosquitto_takes_it(self):
        """Mosquitto has no way to look at a file but to start with it."""
        broker = Tool([MOSQUITTO, "-v", "-c", self.file])
        try:
            broker.wait_for(r" running$|Error found at ", deadline_s=20)
            return bool(broker.lines(r" running$"))
        finally:
            broker.kill()

    def tombo_takes_it(self):
        done = subprocess.run([tombo_binary(), "--test-config", "-c", self.file], capture_output=True, text=True, timeout=30)
        return done.returncode == 0, done.stderr

    def imports(self, *arguments):
        return subprocess.run([os.environ["TOMBOCTL_BIN"], "import", self.file, *arguments], capture_output=True, text=True, timeout=30)

    def test_takes_and_refuses_lines_as_mosquitto_does(self):
        for lines, taken in LINES:
            self.write(f"listener {free_port()} 127.0.0.1\n{lines}\n")
            ours, told = self.tombo_takes_it()
            with self.subTest(lines=lines):
                self.assertEqual(ours, taken, told)
                if not taken:
                    self.assertRegex(told, r"mosquitto\.conf:\d+:\d+: error: ")

    @unittest.skipUnless(os.access(MOSQUITTO, os.X_OK), "there is no mosquitto")
    def test_knows_what_mosquitto_takes(self):
        for lines, taken in LINES:
            if "log_type none" in lines:
                continue  # it says nothing then, not even that it runs
            self.write(f"listener {free_port()} 127.0.0.1\n{lines}\n")
            with self.subTest(lines=lines):
                self.assertEqual(self.mosquitto_takes_it(), taken)

    def test_imports_what_tombo_then_takes(self):
        self.write("listener 1883 127.0.0.1\nallow_anonymous true\nmax_qos 1\nautosave_interval 60\n"
                   "connection c\naddress 192.0.2.1\ntopic a/# out 1 \"\" x/\nremote_username u\nremote_password p \"q\" \\\n")
        output = os.path.join(self.folder, "tombo.toml")
        done = self.imports("-o", output)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("'autosave_interval' has no effect", done.stderr)
        self.assertEqual(os.stat(output).st_mode & 0o777, 0o600)
        with open(output, encoding="utf-8") as file:
            self.assertRegex(file.read(), r"qos_max = 1  # .*mosquitto\.conf:3: max_qos")

        def printed(path):
            done = subprocess.run([tombo_binary(), "--print-config", "-c", path], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        self.assertEqual(printed(self.file), printed(output))
        again = self.imports("-o", output)
        self.assertEqual(again.returncode, 1)
        self.assertIn("is there already; --force replaces it", again.stderr)

    def test_import_refuses_what_tombo_refuses_and_prints_the_rest(self):
        self.write("listener 1883\nmax_qos 1\ntls_engine x\n")
        done = self.imports()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"mosquitto\.conf:3:1: error: 'tls_engine' is not offered")
        self.assertTrue(re.search(r"^qos_max = 1 ", done.stdout, re.M), done.stdout)


if __name__ == "__main__":
    main()
