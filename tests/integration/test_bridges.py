"""Bridges between tombo and Debian's mosquitto, in both directions, over TLS, through reloads, and in a ring of three."""

import shutil
import signal
import tempfile
from pathlib import Path

from bridged import BridgeTest, bridge
from certificates import Authority
from harness import HOST, free_port, main, wait_until


class WithMosquitto(BridgeTest):
    def carries(self, version):
        there = self.mosquitto()
        here = self.tombo(bridge("to", there.port, ["up/# out 2", "down/# in 2", "both/# both 1 l/ r/"], f'version = "{version}"'))
        self.connected(here)
        far = self.reader(there.port, "up/#", "r/both/#")
        near = self.reader(here.port, "down/#", "l/both/#")
        far_writer, near_writer = self.client(there.port), self.client(here.port)
        for qos in (0, 1, 2):
            near_writer.publish_done("up/a", f"up {qos}", qos)
            far_writer.publish_done("down/a", f"down {qos}", qos)
        near_writer.publish_done("l/both/x", "out", 1)
        far_writer.publish_done("r/both/y", "in", 1)
        far.wait_messages(5)
        near.wait_messages(5)
        self.assertEqual(sorted(far.payloads()), ["in", "out", "up 0", "up 1", "up 2"])
        self.assertEqual(sorted(near.payloads()), ["down 0", "down 1", "down 2", "in", "out"])

    def test_3_1(self):
        self.carries("3.1")

    def test_3_1_1(self):
        self.carries("3.1.1")

    def test_5(self):
        self.carries("5")

    def test_a_killed_mosquitto_gets_everything_when_it_is_back(self):
        store = tempfile.mkdtemp(prefix="tombo-bridge-store-")
        self.addCleanup(shutil.rmtree, store, True)
        there = self.mosquitto()
        here = self.tombo(bridge("to", there.port, ["t/# out 2"]) + f'[persistence]\ndirectory = "{store}"\n')
        self.connected(here)
        there.stop()
        writer = self.client(here.port)
        for number in range(50):
            writer.publish_done("t/x", str(number), 1 + number % 2)
        there.start()
        far = None

        def subscribed():
            nonlocal far
            try:
                far = self.reader(there.port, "t/#")
                return True
            except (OSError, AssertionError):
                return False
        wait_until(subscribed, "mosquitto is back")
        # The bridge may have come before the reader, but nothing is lost for a session that was there.
        self.connected(here, 2)
        counts = self.reader(here.port, "$SYS/broker/bridge/to/queued/messages", "$SYS/broker/bridge/to/in_flight",
                             "$SYS/broker/bridge/to/sent", "$SYS/broker/bridge/to/dropped")

        def last(leaf):
            of_it = [m.payload.decode() for m in counts.messages if m.topic.endswith(leaf)]
            return int(of_it[-1]) if of_it else -1
        wait_until(lambda: (last("queued/messages"), last("in_flight"), last("sent"), last("dropped")) == (0, 0, 50, 0), "all went out")

    def test_mosquitto_bridges_to_tombo(self):
        here = self.tombo()
        for version in ("mqttv31", "mqttv311", "mqttv50"):
            with self.subTest(version):
                there = self.mosquitto("connection c" + version, f"address {HOST}:{here.port}", "topic # out 2 a/ b/", "topic # in 2 c/ d/",
                                       f"bridge_protocol_version {version}", "notifications true", "restart_timeout 1",
                                       f"remote_clientid {version}")
                near = self.reader(here.port, "b/#", f"$SYS/broker/connection/{version}/state")
                wait_until(lambda: "1" in near.payloads(), "mosquitto's bridge says that it is connected")
                far = self.reader(there.port, "c/#")
                self.client(there.port).publish_done("a/x", "from mosquitto", 2)
                self.client(here.port).publish_done("d/x", "from tombo", 2)
                wait_until(lambda: "from mosquitto" in near.payloads(), "it comes in")
                wait_until(lambda: "from tombo" in far.payloads(), "it goes out")
                there.stop()
                wait_until(lambda: near.payloads()[-1] == "0", "its will says that it has gone")


class OfTombos(BridgeTest):
    def test_state_and_notification(self):
        there = self.tombo()
        here = self.tombo(bridge("to", there.port, ["t/# out 1"], 'client_id = "me"'))
        near = self.reader(here.port, "$SYS/broker/connection/me/state")
        far = self.reader(there.port, "$SYS/broker/connection/me/state")
        wait_until(lambda: "1" in near.payloads() and "1" in far.payloads(), "both say 1")
        self.state(here.port)
        here.signal(signal.SIGTERM)
        wait_until(lambda: far.payloads()[-1] == "0", "the other one says 0")
        here.process.wait(20)
        here.start()

    def test_a_reload_adds_changes_and_removes(self):
        first, second = self.tombo(), self.tombo()
        kept = bridge("kept", first.port, ["kept/# out 1"])
        here = self.tombo(kept + bridge("gone", second.port, ["gone/# out 1"]))
        self.connected(here, 2)
        here.sections = kept + bridge("new", second.port, ["new/# out 1"])
        here.write_config()
        here.signal(signal.SIGHUP)
        here.says("bridge new: connected")
        far = self.reader(second.port, "#")
        writer = self.client(here.port)
        for topic in ("gone/x", "new/x"):
            writer.publish_done(topic, topic, 1)
        far.wait_messages(1)
        self.assertEqual(far.payloads(), ["new/x"])
        # A changed one connects anew and carries other topics, without the others noticing.
        here.sections = kept + bridge("new", second.port, ["other/# out 1"])
        here.write_config()
        here.signal(signal.SIGHUP)
        wait_until(lambda: here.log().count("bridge new: connected") == 2, "the changed one connects anew")
        for topic in ("new/y", "other/y"):
            writer.publish_done(topic, topic, 1)
        far.wait_messages(2)
        self.assertEqual(far.payloads(), ["new/x", "other/y"])
        self.assertEqual(here.log().count("bridge kept: connected"), 1)
        self.assertNotIn("bridge kept: connection lost", here.log())

    def test_what_waits_survives_kill_9(self):
        store = tempfile.mkdtemp(prefix="tombo-bridge-store-")
        self.addCleanup(shutil.rmtree, store, True)
        port = free_port()
        here = self.tombo(bridge("to", port, ["t/# out 2"]) + f'[persistence]\ndirectory = "{store}"\n')
        writer = self.client(here.port)
        for number in range(40):
            writer.publish_done("t/x", str(number), 1 + number % 2)
        here.process.kill()
        here.process.wait()
        there = self.tombo(port=port)
        far = self.reader(there.port, "t/#")
        here.start()
        far.wait_messages(40)
        # In the order of each QoS: a message of QoS 2 goes out when it is on disk.
        for qos in (0, 1):
            self.assertEqual([got for got in far.payloads() if int(got) % 2 == qos], [str(number) for number in range(qos, 40, 2)])

    def test_a_bridge_has_no_more_rights_than_its_user(self):
        folder = Path(tempfile.mkdtemp(prefix="tombo-bridge-acl-"))
        self.addCleanup(shutil.rmtree, folder, True)
        (folder / "acl").write_text("topic readwrite #\ntopic read $SYS/#\nuser site\ntopic read t/allowed\n")
        there = self.tombo()
        here = self.tombo(bridge("to", there.port, ["t/# both 1"], 'local_user_name = "site"') +
                          f'[acl]\nfile = "{folder}/acl"\n')
        self.connected(here)
        far = self.reader(there.port, "t/#")
        writer = self.client(here.port)
        for leaf in ("denied", "allowed"):
            writer.publish_done(f"t/{leaf}", leaf, 1)
        far.wait_messages(1)
        self.assertEqual(far.payloads(), ["allowed"])
        self.client(there.port).publish_done("t/allowed", "in", 1)
        self.figures(here.port, "to", dropped=1, received=1)
        here.says("bridge to: this broker does not take a message: not_authorized")

    def test_the_queue_on_disk_keeps_to_its_limit(self):
        store = tempfile.mkdtemp(prefix="tombo-bridge-store-")
        self.addCleanup(shutil.rmtree, store, True)
        port = free_port()
        here = self.tombo(bridge("to", port, ["t/# out 1"], "queue_messages_max = 3000") +
                          f'[persistence]\ndirectory = "{store}"\nwindow_messages = 100\n')
        writer = self.client(here.port)
        for number in range(6000):
            writer.publish("t/x", str(number), 1)
        wait_until(lambda: len(writer.published) >= 6000, "all are acknowledged")
        there = self.tombo(port=port)
        far = self.reader(there.port, "t/#", qos=1)
        self.connected(here)
        counts = self.reader(here.port, "$SYS/broker/bridge/to/queued/messages")
        wait_until(lambda: counts.payloads()[-1:] == ["0"] and far.payloads(), "nothing waits any more")
        got = [int(payload) for payload in far.payloads()]
        self.assertEqual(got, sorted(got))
        self.assertLessEqual(len(got), 3000 + 1000)

    def ring(self, version):
        ports = [free_port() for _ in range(3)]
        ring = [self.tombo(bridge("next", ports[(at + 1) % 3], ["t/# both 1"], f'version = "{version}"', f'client_id = "b{at}"'),
                           port=port) for at, port in enumerate(ports)]
        for broker in ring:
            self.connected(broker)
        readers = [self.reader(port, "t/#") for port in ports]
        for at, port in enumerate(ports):
            self.client(port).publish_done("t/x", f"from {at}", 1)
        for reader in readers:
            wait_until(lambda: len(set(reader.payloads())) == 3, "everybody has everything")
        ring[1].process.kill()
        ring[1].process.wait()
        self.client(ports[0]).publish_done("t/x", "while one was away", 1)
        wait_until(lambda: "while one was away" in readers[2].payloads(), "it comes by the other way")
        ring[1].start()
        again = self.reader(ports[1], "t/#")
        self.connected(ring[0], 2)
        self.client(ports[2]).publish_done("t/x", "whole again", 1)
        wait_until(lambda: "whole again" in again.payloads(), "the ring is whole again")
        # It comes to rest: the counters of all brokers stand still.
        def sent():
            counts = self.reader(ports[0], "$SYS/broker/bridge/next/sent", "$SYS/broker/bridge/next/received")
            counts.wait_messages(2)
            return sorted(counts.payloads())
        wait_until(lambda: sent() == sent(), "the ring comes to rest")
        for reader in readers:
            self.assertTrue(all(reader.payloads().count(each) <= 2 for each in reader.payloads()), reader.payloads())

    def test_a_ring_of_5(self):
        self.ring("5")

    def test_a_ring_of_3_1_1(self):
        self.ring("3.1.1")

    def test_parallel_connections_keep_the_order_of_a_topic(self):
        there = self.tombo()
        here = self.tombo(bridge("to", there.port, ["t/# out 1"], "connections = 4"))
        self.connected(here, 4)
        far = self.reader(there.port, "t/#", qos=1)
        writer = self.client(here.port)
        for number in range(50):
            for topic in range(6):
                writer.publish(f"t/{topic}", f"{topic} {number}", 1)
        far.wait_messages(300)
        for topic in range(6):
            of_it = [payload for payload in far.payloads() if payload.startswith(f"{topic} ")]
            self.assertEqual(of_it, [f"{topic} {number}" for number in range(50)])


class Secured(BridgeTest):
    def setUp(self):
        self.authority = Authority()
        self.addCleanup(shutil.rmtree, self.authority.folder, True)

    def tls_listener(self):
        certificate, key = self.authority.server("broker.test")
        return self.tombo(listener=f'certificates = ["{certificate}"]\nkeys = ["{key}"]\n')

    def to(self, port, *lines):
        return self.tombo(bridge("to", port, ["t/# out 1"], *lines))

    def test_a_certificate_of_the_named_authority(self):
        there = self.tls_listener()
        here = self.to(there.port, f'ca_file = "{self.authority.certificate}"')
        self.connected(here)

    def test_both_ends_tell_the_same_secrets_where_that_is_wanted(self):
        certificate, key = self.authority.server("broker.test")
        files = [self.authority.folder / "there.keys", self.authority.folder / "here.keys"]
        there = self.tombo(listener=f'certificates = ["{certificate}"]\nkeys = ["{key}"]\n',
                           arguments=["--tls-keylog", str(files[0])])
        here = self.tombo(bridge("to", there.port, ["t/# out 1"], f'ca_file = "{self.authority.certificate}"'),
                          arguments=["--tls-keylog", str(files[1])])
        self.connected(here)
        lines = [{line for line in file.read_text().splitlines() if line.startswith("CLIENT_TRAFFIC")} for file in files]
        self.assertEqual(len(lines[1]), 1)
        self.assertLessEqual(lines[1], lines[0])

    def test_mosquitto_with_client_certificates(self):
        certificate, key = self.authority.server("broker.test")
        client, client_key = self.authority.client("bridge")
        port = free_port()
        there = self.mosquitto(f"listener {port} {HOST}", f"certfile {certificate}", f"keyfile {key}",
                               f"cafile {self.authority.certificate}", "require_certificate true", port=port)
        here = self.to(port, f'ca_file = "{self.authority.certificate}"', f'certificate = "{client}"', f'key = "{client_key}"')
        self.connected(here)
        self.assertNotIn("rror", there.log().split("Opening")[-1])

    def test_another_authority_is_not_believed(self):
        other = Authority("Another")
        self.addCleanup(shutil.rmtree, other.folder, True)
        there = self.tls_listener()
        here = self.to(there.port, f'ca_file = "{other.certificate}"')
        here.says("the other broker's certificate is not accepted")
        self.assertNotIn(": connected to ", here.log())

    def test_the_host_is_verified_unless_the_operator_does_not_want_it(self):
        there = self.tls_listener()  # for another name than localhost
        trust = f'ca_file = "{self.authority.certificate}"'
        here = self.tombo(bridge("strict", there.port, ["t/# out 1"], trust, host="localhost") +
                          bridge("loose", there.port, ["t/# out 1"], trust, "verify_host = false", host="localhost"))
        self.up(here, "loose")
        here.says("strict: no connection to localhost")
        here.says("the other broker's certificate is not accepted: hostname mismatch")
        self.assertNotIn("bridge strict: connected", here.log())

    def test_a_staple_is_missed_where_it_is_wanted(self):
        there = self.tls_listener()
        here = self.to(there.port, f'ca_file = "{self.authority.certificate}"', "require_ocsp = true")
        here.says("staples no good OCSP answer")
        self.assertNotIn(": connected to ", here.log())

    def test_a_pre_shared_key(self):
        port = free_port()
        keys = self.authority.folder / "psk"
        keys.write_text("bridge:0123456789abcdef\n")
        self.mosquitto(f"listener {port} {HOST}", f"psk_file {keys}", "psk_hint x", port=port)
        here = self.to(port, 'psk_identity = "bridge"', 'psk = "0123456789abcdef"')
        self.connected(here)


if __name__ == "__main__":
    main()
