"""What the tests of bridges share: Debian's mosquitto beside tombo, and waits for what bridges say."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import Broker, HOST, end_with_parent, free_port, wait_until
from paho_client import PahoClient

MOSQUITTO = "/usr/sbin/mosquitto"


def bridge(name, port, topics, *lines, host=HOST):
    """A [[bridge]] to a broker on loopback, that comes back quickly; `port` may be several."""
    listed = ", ".join('"' + topic.replace('"', '\\"') + '"' for topic in topics)
    addresses = ", ".join(f'"{host}:{each}"' for each in (port if isinstance(port, list) else [port]))
    more = "\n".join(lines)
    return (f'[[bridge]]\nname = "{name}"\naddresses = [{addresses}]\ntopics = [{listed}]\n'
            f"restart_min_s = 1\nrestart_max_s = 2\n{more}\n")


class Mosquitto:
    """Debian's broker with a configuration of the test's own."""

    def __init__(self, *lines, port=None):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-bridge-"))
        self.port = port or free_port()
        self.lines = lines
        self.process = None
        self.runs = 0
        self.start()

    def start(self):
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(["allow_anonymous true", "user root", "log_dest stderr", "sys_interval 1",
                                     *(self.lines if any(line.startswith("listener") for line in self.lines)
                                       else (f"listener {self.port} {HOST}", *self.lines))]) + "\n")
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=end_with_parent)
        wait_until(lambda: self.process.poll() is not None or self.log().count(" running\n") > self.runs, "mosquitto runs")
        self.runs += 1

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process = None

    def end(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class BridgeTest(unittest.TestCase):
    def tombo(self, sections="", top="", listener="", port=None, arguments=()):
        broker = Broker(top=top, sections=sections, listener=listener, port=port)
        broker.command += arguments
        broker.start()
        self.addCleanup(broker.stop)
        return broker

    def mosquitto(self, *lines, port=None):
        broker = Mosquitto(*lines, port=port)
        self.addCleanup(broker.end)
        return broker

    def client(self, port, **keywords):
        client = PahoClient(port, keywords.pop("version", 5), **keywords)
        self.addCleanup(client.end)
        return client

    def reader(self, port, *topics, qos=2):
        client = self.client(port)
        for topic in topics:
            client.subscribe(topic, qos)
        return client

    def state(self, port, name="to", value="connected"):
        """Waits until $SYS says so of a bridge."""
        client = self.reader(port, f"$SYS/broker/bridge/{name}/state")
        wait_until(lambda: client.payloads()[-1:] == [value], f"the bridge {name} is {value}")

    def connected(self, broker, count=1):
        wait_until(lambda: broker.log().count(": connected to ") >= count, "the bridge connects")

    def up(self, broker, name, count=1):
        """Waits until this bridge has connected so many times."""
        wait_until(lambda: broker.log().count(f"bridge {name}: connected to ") >= count, f"bridge {name} connects, time {count}")

    def figures(self, port, name, **wanted):
        """Waits until $SYS tells these numbers of a bridge; a name with __ is one with a slash."""
        topics = {f"$SYS/broker/bridge/{name}/{leaf.replace('__', '/')}": str(value) for leaf, value in wanted.items()}
        client = self.reader(port, *topics)
        wait_until(lambda: {m.topic: m.payload.decode() for m in client.messages} == topics, f"of {name}: {wanted}")
