"""What the tests of Mosquitto's plugin interface share: one plugin in a broker, and the tools around it."""

import os
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import harness
from harness import HOST, ROOT, BrokerTest

SOURCES = ROOT / "tests" / "plugin_mosquitto"


def section(name, path, options=(), more=""):
    listed = ", ".join(f'"{option}"' for option in options)
    return f'[[plugin]]\nname = "{name}"\npath = "{path}"\noptions = [{listed}]\n{more}\n'


def conf(path, options=()):
    """The same for Debian's broker."""
    lines = [f"plugin {path}"]
    for option in options:
        key, value = option.split("=", 1)
        lines.append(f"plugin_opt_{key} {value}")
    return "\n".join(lines)


class GuestTest(BrokerTest):
    """One plugin in the broker, which is asked about logins, too."""

    plugin_options, plugin_more, ask_logins = (), "", True

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="tombo-guests-")
        os.chmod(cls.folder.name, 0o755)
        cls.plugin = cls.make_plugin()
        auth = '[auth]\nbackends = ["plugin:guest"]\n' if cls.ask_logins else ""
        cls.sections = section("guest", cls.plugin, cls.plugin_options, cls.plugin_more) + auth + cls.more_sections()
        cls.mosquitto = conf(cls.plugin, cls.plugin_options)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.folder.cleanup()

    @classmethod
    def more_sections(cls):
        return ""

    def client(self, program, *arguments):
        return [program, "-h", HOST, "-p", str(self.port), *arguments]

    def publish(self, topic, payload, *more, version="5"):
        return subprocess.run(self.client("mosquitto_pub", "-V", version, "-t", topic, "-m", payload, *more), capture_output=True,
                              text=True, timeout=harness.DEADLINE_S)

    def subscribe(self, topic, *more, version="5"):
        """Once SUBACK has come."""
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", version, "-d", "-v", "-t", topic, *more))
        tool.wait_for("received SUBACK")
        return tool


def build(folder, source, name, *flags, libraries=()):
    """As a plugin's author would."""
    built = Path(folder) / f"{name}.so"
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-shared", "-fPIC", *flags, str(SOURCES / source), "-o", str(built),
                    *libraries], check=True)
    return built


def exchange(port, method, first, question, answer):
    """The reason code with which an enhanced authentication ends; no client library here does one."""
    def sized(data):
        return struct.pack("!H", len(data)) + data

    def properties(data):
        inner = b"\x15" + sized(method) + b"\x16" + sized(data)
        return bytes([len(inner)]) + inner

    def packet(kind, body):
        return bytes([kind << 4, len(body)]) + body

    with socket.create_connection((HOST, port), timeout=harness.DEADLINE_S) as peer:
        stream = peer.makefile("rb")
        peer.sendall(packet(1, sized(b"MQTT") + bytes([5, 2, 0, 60]) + properties(first) + sized(b"echo")))
        while True:
            kind, size = stream.read(2)
            body = stream.read(size)
            if kind >> 4 == 2:
                return body[1]
            assert kind >> 4 == 15 and body[0] == 0x18 and question in body, body
            peer.sendall(packet(15, b"\x18" + properties(answer)))
