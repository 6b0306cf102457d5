"""Paho Python against the broker: sessions, flows, wills, takeover, properties."""

import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.subscribeoptions import SubscribeOptions

from harness import BrokerTest, main, wait_until
from paho_client import PahoClient, properties


class PahoTest(BrokerTest):
    version = None

    def client(self, *arguments, **keywords):
        client = PahoClient(self.port, self.version, *arguments, **keywords)
        self.addCleanup(client.end)
        return client

    def kept(self, **keywords):
        """A client whose session outlives its connection."""
        return self.client(f"{self._testMethodName}-{self.version}", clean=False, expiry_s=600, **keywords)


class EveryVersion(PahoTest):
    def test_connecting_and_connecting_again(self):
        # covers: 5.0 MQTT-3.1.4-5, 3.1.1 MQTT-3.1.4-4
        client = self.client()
        self.assertEqual(client.reason, 0)
        for _ in range(3):
            client.disconnect()
            client.connect()
            self.assertFalse(client.session_present)
        client.subscribe(self.topic())
        client.publish(self.topic(), "x")
        client.wait_messages(1)

    def test_a_kept_session_is_present_and_delivers_what_it_missed(self):
        # covers: 5.0 MQTT-3.1.2-23, 5.0 MQTT-3.2.2-3, 3.1.1 MQTT-3.2.2-2, 3.1.1 MQTT-3.1.2-4
        away = self.kept()
        away.subscribe(self.topic(), 2)
        away.disconnect()
        other = self.client()
        for qos in (1, 2):
            for n in range(10):
                other.publish_done(self.topic(), f"{qos}.{n}", qos)
        away = self.kept()
        if self.version != paho.MQTTv31:  # 3.1 has no such flag
            self.assertTrue(away.session_present)
        away.wait_messages(20)
        self.assertEqual(away.payloads(), [f"{qos}.{n}" for qos in (1, 2) for n in range(10)])

    def test_a_clean_session_forgets(self):
        # covers: 5.0 MQTT-3.1.2-4, 3.1.1 MQTT-3.1.2-6
        self.kept().subscribe(self.topic(), 1)
        clean = self.client(f"{self._testMethodName}-{self.version}", clean=True)
        self.assertFalse(clean.session_present)
        clean.subscribe(self.topic("end"), 1)
        clean.publish_done(self.topic(), "lost", 1)
        clean.publish_done(self.topic("end"), "end", 1)
        clean.wait_messages(1)
        self.assertEqual(clean.payloads(), ["end"])

    def test_a_thousand_messages_keep_their_order(self):
        # covers: 5.0 MQTT-4.6.0-6, 3.1.1 MQTT-4.6.0-6
        for qos in (0, 1, 2):
            receiver, sender = self.client(), self.client()
            receiver.subscribe(self.topic(qos), qos)
            infos = [sender.publish(self.topic(qos), str(n), qos) for n in range(1000)]
            receiver.wait_messages(1000)
            self.assertEqual(receiver.payloads(), [str(n) for n in range(1000)])
            sender.wait(lambda: all(info.mid in sender.published for info in infos), "every exchange is complete")

    def test_messages_survive_a_cut_connection(self):
        # covers: 5.0 MQTT-4.4.0-1, 3.1.1 MQTT-4.4.0-1
        receiver = self.kept()
        receiver.subscribe(self.topic(), 2)
        sender = self.client()
        for n in range(200):
            sender.publish(self.topic(), f"{n}", 1 + n % 2)
        receiver.wait_messages(20)
        receiver.cut()
        receiver.connect()  # the same client: half of a QoS 2 exchange is its own to remember
        self.assertTrue(receiver.session_present or self.version == paho.MQTTv31)
        wait_until(lambda: set(receiver.payloads()) >= {str(n) for n in range(200)}, "every message arrived")

    def test_a_will_is_published_when_the_socket_dies(self):
        # covers: 5.0 MQTT-3.1.2-8, 3.1.1 MQTT-3.1.2-8
        watcher = self.client()
        watcher.subscribe(self.topic("will"), 2)
        doomed = self.client(will={"topic": self.topic("will"), "payload": "farewell", "qos": 2, "retain": True})
        doomed.cut()
        watcher.wait_messages(1)
        self.assertEqual((watcher.payloads()[0], watcher.messages[0].qos), ("farewell", 2))
        late = self.client()
        late.subscribe(self.topic("will"), 0)
        late.wait_messages(1)  # [MQTT-3.1.2-15]: the will was to be retained
        self.assertTrue(late.messages[0].retain)

    def test_retained_messages_are_replaced_and_deleted(self):
        # covers: 5.0 MQTT-3.3.1-5, 5.0 MQTT-3.3.1-6, 3.1.1 MQTT-3.3.1-10, 3.1.1 MQTT-3.3.1-11
        writer = self.client()
        for n in range(20):
            writer.publish_done(self.topic(n), "old", 1, True)
            writer.publish_done(self.topic(n), f"new{n}", 1, True)
        for n in range(0, 20, 2):
            writer.publish_done(self.topic(n), b"", 1, True)
        reader = self.client()
        reader.subscribe(self.topic("+"), 1)
        writer.publish_done(self.topic("marker"), "end", 1)
        reader.wait(lambda: "end" in reader.payloads(), "the marker")
        self.assertEqual(sorted(reader.payloads()), sorted([f"new{n}" for n in range(1, 20, 2)] + ["end"]))

    def test_the_second_client_with_an_id_takes_over(self):
        # covers: 5.0 MQTT-3.1.4-3, 3.1.1 MQTT-3.1.4-2
        first = self.client("same-id")
        first.paho.reconnect_delay_set(600, 600)  # it would fight back otherwise
        second = self.client("same-id")
        first.wait(lambda: first.disconnect_codes, "the first one is thrown out")
        second.subscribe(self.topic())
        second.publish(self.topic(), "alive")
        second.wait_messages(1)

    def test_unsubscribed_topics_do_not_arrive(self):
        # covers: 5.0 MQTT-3.10.4-2, 3.1.1 MQTT-3.10.4-2
        client = self.client()
        client.subscribe(self.topic("a"), 1)
        client.subscribe(self.topic("b"), 1)
        client.unsubscribe(self.topic("a"))
        client.publish_done(self.topic("a"), "a", 1)
        client.publish_done(self.topic("b"), "b", 1)
        client.wait_messages(1)
        self.assertEqual(client.payloads(), ["b"])

    def test_payloads_from_empty_to_a_megabyte(self):
        client = self.client()
        client.subscribe(self.topic(), 1)
        sizes = (0, 1, 127, 128, 16383, 16384, 65536, 1_000_000)
        for size in sizes:
            client.publish(self.topic(), bytes(size), 1)
        client.wait_messages(len(sizes))
        self.assertEqual(tuple(len(message.payload) for message in client.messages), sizes)


class MqttV31(EveryVersion):
    version = paho.MQTTv31


class MqttV311(EveryVersion):
    version = paho.MQTTv311


class MqttV5(EveryVersion):
    version = paho.MQTTv5

    def test_properties_are_passed_on_unchanged(self):
        # covers: 5.0 MQTT-3.3.2-17, 5.0 MQTT-3.3.2-18, 5.0 MQTT-3.3.2-15, 5.0 MQTT-3.3.2-16, 5.0 MQTT-3.3.2-20
        client = self.client()
        client.subscribe(self.topic(), 1)
        client.publish(self.topic(), "x", 1, UserProperty=[("k", "1"), ("a", "2"), ("k", "3")], ContentType="text/plain",
                       ResponseTopic="back", CorrelationData=b"\x00\xff", PayloadFormatIndicator=1,
                       MessageExpiryInterval=1000)
        got = client.wait_messages(1)[0].properties
        self.assertEqual(got.UserProperty, [("k", "1"), ("a", "2"), ("k", "3")])
        self.assertEqual((got.ContentType, got.ResponseTopic, got.CorrelationData, got.PayloadFormatIndicator),
                         ("text/plain", "back", b"\x00\xff", 1))
        self.assertIn(got.MessageExpiryInterval, range(990, 1001))

    def test_a_shared_group_gets_each_message_once(self):
        members = [self.client() for _ in range(3)]
        for member in members:
            member.subscribe(f"$share/g/{self.topic()}", 1)
        plain = self.client()
        plain.subscribe(self.topic(), 1)
        for n in range(300):
            plain.publish(self.topic(), str(n), 1)
        plain.wait_messages(300)
        wait_until(lambda: sum(len(member.messages) for member in members) >= 300, "the group has all")
        self.assertEqual(sorted(int(p) for member in members for p in member.payloads()), list(range(300)))
        for member in members:
            self.assertTrue(member.messages, "a member was left out")

    def test_a_leaving_member_gives_its_share_to_another(self):
        staying, leaving, sender = self.client(), self.client(), self.client()
        for member in (staying, leaving):
            member.subscribe(f"$share/g/{self.topic()}", 1)
        leaving.cut()
        for n in range(50):
            sender.publish(self.topic(), str(n), 1)
        wait_until(lambda: set(staying.payloads()) | set(leaving.payloads()) >= {str(n) for n in range(50)},
                   "nothing is lost")

    def test_no_local_and_retain_as_published(self):
        # covers: 5.0 MQTT-3.8.3-3, 5.0 MQTT-3.3.1-12, 5.0 MQTT-3.3.1-13
        own, keeps, clears = self.client(), self.client(), self.client()
        own.subscribe(self.topic(), options=SubscribeOptions(1, noLocal=True))
        keeps.subscribe(self.topic(), options=SubscribeOptions(1, retainAsPublished=True))
        clears.subscribe(self.topic(), options=SubscribeOptions(1, retainAsPublished=False))
        own.publish_done(self.topic(), "own", 1, True)
        keeps.publish_done(self.topic(), "other", 1, True)
        for client, count in ((own, 1), (keeps, 2), (clears, 2)):
            client.wait_messages(count)
        self.assertEqual(own.payloads(), ["other"])
        self.assertEqual([message.retain for message in keeps.messages], [True, True])
        self.assertEqual([message.retain for message in clears.messages], [False, False])

    def test_retain_handling_decides_what_a_subscription_brings(self):
        # covers: 5.0 MQTT-3.3.1-9, 5.0 MQTT-3.3.1-10, 5.0 MQTT-3.3.1-11
        client = self.client()
        client.publish_done(self.topic(), "kept", 1, True)
        for handling, seen in ((2, 0), (1, 0), (0, 1), (1, 1), (0, 2)):
            client.subscribe(self.topic(), options=SubscribeOptions(1, retainHandling=handling))
            client.publish_done(self.topic(), "marker", 1)
            client.wait(lambda: client.payloads().count("marker") >= 1, "the marker")
            self.assertEqual(client.payloads().count("kept"), seen, f"retain handling {handling}")
            client.messages = [message for message in client.messages if message.payload == b"kept"]

    def test_subscription_identifiers_come_with_the_message(self):
        # covers: 5.0 MQTT-3.3.4-3, 5.0 MQTT-3.3.4-4
        client = self.client()
        client.subscribe(self.topic("#"), 1, properties=properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=7))
        client.subscribe(self.topic("other"), 1)
        client.publish(self.topic("x"), "x", 1)
        self.assertEqual(client.wait_messages(1)[0].properties.SubscriptionIdentifier, [7])

    def test_an_expired_message_is_not_delivered(self):
        # covers: 5.0 MQTT-3.3.2-5
        away = self.kept()
        away.subscribe(self.topic(), 1)
        away.disconnect()
        sender = self.client()
        timer = self.client()
        sender.publish_done(self.topic(), "short", 1, MessageExpiryInterval=1)
        sender.publish_done(self.topic(), "long", 1, MessageExpiryInterval=600)
        # The broker's own clock says when a retained message of the same age is gone.
        sender.publish_done(self.topic("clock"), "tick", 1, True, MessageExpiryInterval=2)

        def expired():
            before = len(timer.messages)
            timer.subscribe(self.topic("clock"), 1)
            timer.publish_done(f"{self._testMethodName}/mark", "mark", 1)
            return len(timer.messages) == before

        timer.subscribe(f"{self._testMethodName}/none", 1)
        wait_until(expired, "the retained message has expired")
        away = self.kept()
        away.wait_messages(1)
        away.publish_done(f"{self._testMethodName}/mark", "mark", 1)
        self.assertEqual(away.payloads(), ["long"])

    def test_the_broker_tells_what_it_assigns(self):
        # covers: 5.0 MQTT-3.1.3-7, 5.0 MQTT-3.2.2-16
        nameless = PahoClient(self.port, self.version, connect=False)
        nameless.paho._client_id = b""
        nameless.connect()
        self.addCleanup(nameless.end)
        self.assertTrue(nameless.connack_properties.AssignedClientIdentifier)

    def test_a_session_ends_when_its_expiry_says_so(self):
        brief = self.client("brief", clean=False, expiry_s=1)
        brief.subscribe(self.topic(), 1)
        brief.disconnect()

        def forgotten():
            again = PahoClient(self.port, self.version, "brief", clean=False, expiry_s=1)
            present = again.session_present
            again.disconnect()
            if present:
                ended = threading.Event()
                ended.wait(1.5)  # the session must be left alone for longer than its second
            return not present

        wait_until(forgotten, "the session has expired")


del EveryVersion  # its cases run by version only

if __name__ == "__main__":
    main()
