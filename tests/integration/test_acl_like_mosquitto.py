"""The same acl_file for Debian's mosquitto and for tomboctl acl explain: who may publish what, and whom it reaches."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import harness
from harness import HOST, free_port, main, wait_until

import paho.mqtt.client as mqtt

# As in tests/unit_acl/mosquitto_acl_test.cpp.
ACL = """# the first rules are for the anonymous
topic read pub/#
topic deny pub/secret
topic write in/+

user alice
topic readwrite a/#
topic deny a/no/#
topic x/with
topic read with space/#

user bob smith
topic write b/+/c
user alice
topic write late

pattern deny a/%u/#
pattern readwrite p/%u/%c/#
pattern readwrite q/#
pattern deny q/no
pattern read $SYS/test
"""

CLIENTS = [("", "c1"), ("alice", "c1"), ("alice", "c2"), ("bob smith", "c1"), ("stranger", "c1"), ("+", "c1"), ("#", "c1"),
           ("alice", "+"), ("alice", "#")]
TOPICS = ["pub", "pub/x", "pub/x/y", "pub/secret", "in/1", "in/1/2", "in", "a", "a/1", "a/no", "a/no/1", "a/alice/1", "a/bob/1",
          "x/with", "x", "with space/1", "with", "b/x/c", "b//c", "b/c", "late", "p/alice/c1", "p/alice/c1/1", "p/alice/c2/1",
          "p/bob smith/c1/1", "p//c1/1", "q/yes", "q/no", "q", "other", "/", "/pub"]

WRITER = ("writer", "writer")  # may publish everything, so that deliveries can be seen


def tomboctl():
    return os.environ.get("TOMBOCTL_BIN") or str(Path(harness.tombo_binary()).with_name("tomboctl"))


class Client:
    """One client of mosquitto that waits for what it asks."""

    def __init__(self, port, user, client_id):
        self.got, self.acks = [], {}
        self.more = threading.Condition()
        self.paho = mqtt.Client(client_id=client_id, protocol=mqtt.MQTTv5)
        if user:
            self.paho.username_pw_set(user)
        self.connected = threading.Event()
        self.paho.on_connect = lambda *_: self.connected.set()
        self.subscribed = threading.Event()
        self.paho.on_subscribe = lambda *_: self.subscribed.set()
        self.paho.on_message = self._on_message
        self.paho.connect(HOST, port)
        self.paho.loop_start()
        if not self.connected.wait(harness.DEADLINE_S):
            raise AssertionError(f"{client_id} was not let in")

    def _on_message(self, _client, _data, message):
        with self.more:
            self.got.append((message.topic, message.payload.decode()))

    def subscribe(self, *filters):
        self.subscribed.clear()
        self.paho.subscribe([(text, mqtt.SubscribeOptions(qos=1)) for text in filters])
        if not self.subscribed.wait(harness.DEADLINE_S):
            raise AssertionError("no SUBACK")

    def publish(self, topic, payload):
        self.paho.publish(topic, payload, qos=1).wait_for_publish(harness.DEADLINE_S)

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()


class Mosquitto:
    def __init__(self, folder, acl):
        (folder / "acl").write_text(acl)
        self.port = free_port()
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\nacl_file {folder}/acl\nuser root\npersistence false\n")
        self.process = subprocess.Popen([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", folder / "mosquitto.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=harness.end_with_parent)
        wait_until(self._listens, "mosquitto listens")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(harness.DEADLINE_S)


@unittest.skipUnless(shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists(), "needs Debian's mosquitto")
class LikeMosquitto(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-acl-"))
        # A user who sees everything and one who may send everything, for mosquitto's side only.
        self.broker = Mosquitto(self.folder, ACL + "user seer\ntopic read #\nuser writer\ntopic readwrite #\n")
        (self.folder / "ours").write_text(ACL)

    def tearDown(self):
        self.broker.stop()
        shutil.rmtree(self.folder)

    def says(self, user, client, action, topic):
        run = subprocess.run([tomboctl(), "--json", "acl", "explain", "--acl", self.folder / "ours", "--client", client,
                              "--action", action, "--topic", topic, *(["--user", user] if user else [])],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_publish(self):
        """What reaches one who may see everything was allowed."""
        seer = Client(self.broker.port, "seer", "seer")
        seer.subscribe("#")
        for number, (user, client_id) in enumerate(CLIENTS):
            client = Client(self.broker.port, user, client_id)
            for topic in TOPICS:
                client.publish(topic, str(number))
            client.close()
        last = Client(self.broker.port, *WRITER)
        last.publish("end", "end")
        wait_until(lambda: ("end", "end") in seer.got, "the last message")
        reached, seen_both = set(seer.got), set()
        for number, (user, client_id) in enumerate(CLIENTS):
            for topic in TOPICS:
                said = self.says(user, client_id, "publish", topic)
                # The patterns' deny for q/no is mosquitto's, too.
                expected = (topic, str(number)) in reached
                seen_both.add(expected)
                self.assertEqual(said["decision"] == "allow", expected, f"{user!r} {client_id!r} publishes {topic}: {said}")
        self.assertEqual(seen_both, {True, False})
        seer.close()
        last.close()

    def test_deliver(self):
        writer = Client(self.broker.port, *WRITER)
        seen_both = set()
        for user, client_id in CLIENTS:
            client = Client(self.broker.port, user, client_id)
            client.subscribe("#", "/#", "+/+/+/+/+/+/+")
            for topic in TOPICS:
                writer.publish(topic, client_id)
            # Everything that will come has come once the writer's own last message has.
            probe = Client(self.broker.port, "seer", "probe")
            probe.subscribe("end")
            writer.publish("end", client_id)
            wait_until(lambda: probe.got, "the last message")
            time.sleep(0.2)
            reached = {topic for topic, _ in client.got}
            for topic in TOPICS:
                said = self.says(user, client_id, "receive", topic)
                seen_both.add(topic in reached)
                self.assertEqual(said["decision"] == "allow", topic in reached,
                                 f"{user!r} {client_id!r} receives {topic}: {said}")
                if topic in reached:
                    # A subscription that brings something is never refused.
                    self.assertEqual(self.says(user, client_id, "subscribe", topic)["decision"], "allow", topic)
            probe.close()
            client.close()
        self.assertEqual(seen_both, {True, False})
        writer.close()


if __name__ == "__main__":
    main()
