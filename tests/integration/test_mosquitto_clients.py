"""mosquitto_pub, mosquitto_sub and mosquitto_rr against the broker, as people type them."""

import hashlib
import os
import re
import tempfile

from harness import BrokerTest, DEADLINE_S, HOST, main, sanitized, testing_tombo, wait_until

# The printed form of a received message: nothing else that mosquitto_sub prints begins like this.
FORMAT = "GOT topic=%t qos=%q retain=%r payload=%p"


class Clients(BrokerTest):
    version = ""
    keep_session = ()  # what makes a session outlive its connection, besides -c

    def base(self, program):
        return [program, "-h", HOST, "-p", self.port, "-V", self.version]

    def subscribe(self, *arguments, form=FORMAT):
        """A running mosquitto_sub whose subscriptions are acknowledged."""
        sub = self.run_tool(*self.base("mosquitto_sub"), "-d", "-F", form, *arguments)
        sub.wait_for(r"^Subscribed \(mid")
        return sub

    def publish(self, *arguments, wait_s=DEADLINE_S, **keywords):
        pub = self.run_tool(*self.base("mosquitto_pub"), *arguments, **keywords)
        self.assertEqual(pub.wait_exit(wait_s), 0, pub.output())


class EveryVersion(Clients):
    def test_a_message_of_each_qos_arrives_once(self):
        for qos in (0, 1, 2):
            topic = self.topic(qos)
            sub = self.subscribe("-t", topic, "-q", qos)
            self.publish("-t", topic, "-q", qos, "-m", f"hello {qos}")
            self.publish("-t", topic, "-q", qos, "-m", "end")
            sub.wait_for("payload=end")
            self.assertEqual(sub.lines("^GOT"), [f"GOT topic={topic} qos={qos} retain=0 payload=hello {qos}",
                                                 f"GOT topic={topic} qos={qos} retain=0 payload=end"])

    def test_the_subscription_lowers_the_qos(self):
        # covers: 3.1.1 MQTT-3.8.4-6
        sub = self.subscribe("-t", self.topic(), "-q", 0)
        self.publish("-t", self.topic(), "-q", 2, "-m", "lowered")
        self.assertIn("qos=0", sub.wait_for("payload=lowered")[0])

    def test_the_last_retained_message_reaches_a_later_subscriber(self):
        # covers: 5.0 MQTT-3.3.1-5, 3.1.1 MQTT-3.3.1-6, 5.0 MQTT-3.3.1-8
        self.publish("-t", self.topic(), "-r", "-q", 1, "-m", "first")
        self.publish("-t", self.topic(), "-r", "-q", 1, "-m", "last")
        sub = self.subscribe("-t", self.topic(), "-q", 1)
        sub.wait_for("retain=1 payload=last")
        self.assertEqual(sub.lines("payload=first"), [])
        self.publish("-t", self.topic(), "-r", "-q", 1, "-m", "live")
        sub.wait_for("retain=0 payload=live")  # an established subscription sees the flag cleared

    def test_an_empty_retained_message_clears_the_topic(self):
        # covers: 5.0 MQTT-3.3.1-6, 3.1.1 MQTT-3.3.1-10
        self.publish("-t", self.topic(), "-r", "-q", 1, "-m", "gone")
        self.publish("-t", self.topic(), "-r", "-q", 1, "-n")
        sub = self.subscribe("-t", self.topic(), "-q", 1)
        self.publish("-t", self.topic(), "-q", 1, "-m", "marker")
        sub.wait_for("payload=marker")
        self.assertEqual(len(sub.lines("^GOT")), 1, sub.output())

    def test_wildcards_select_levels(self):
        # covers: 3.1.1 MQTT-4.7.1-3
        one = self.subscribe("-t", self.topic("+/x"), "-q", 1)
        many = self.subscribe("-t", self.topic("a/#"), "-q", 1)
        for leaf in ("a/x", "a/y", "a/x/z", "a", "b/x"):
            self.publish("-t", self.topic(leaf), "-q", 1, "-m", leaf)
        end = self.subscribe("-t", self.topic("a/#"), "-t", self.topic("+/x"), "-q", 1)
        self.publish("-t", self.topic("a/x"), "-q", 1, "-m", "end")
        for sub in (one, many, end):
            sub.wait_for("payload=end")
        self.assertEqual([line.rsplit("=", 1)[1] for line in one.lines("^GOT")], ["a/x", "b/x", "end"])
        self.assertEqual([line.rsplit("=", 1)[1] for line in many.lines("^GOT")], ["a/x", "a/y", "a/x/z", "a", "end"])

    def test_a_will_is_published_when_the_client_is_killed(self):
        # covers: 5.0 MQTT-3.1.2-8, 3.1.1 MQTT-3.1.2-8
        watcher = self.subscribe("-t", self.topic("will"), "-q", 1)
        doomed = self.subscribe("-t", self.topic("other"), "--will-topic", self.topic("will"),
                                "--will-payload", "farewell", "--will-qos", 1)
        doomed.kill()
        watcher.wait_for("payload=farewell")

    def test_no_will_after_a_clean_disconnect(self):
        # covers: 5.0 MQTT-3.14.4-3, 3.1.1 MQTT-3.14.4-3
        watcher = self.subscribe("-t", self.topic("will"), "-q", 1)
        leaving = self.run_tool(*self.base("mosquitto_sub"), "-t", self.topic("other"), "-E", "--will-topic",
                                self.topic("will"), "--will-payload", "farewell")
        self.assertEqual(leaving.wait_exit(), 0)
        self.publish("-t", self.topic("will"), "-q", 1, "-m", "marker")
        watcher.wait_for("payload=marker")
        self.assertEqual(watcher.lines("payload=farewell"), [])

    def test_a_kept_session_receives_what_it_missed(self):
        # covers: 5.0 MQTT-3.1.2-5, 3.1.1 MQTT-3.1.2-4
        session = ("-c", "-i", f"kept-{self.version}", *self.keep_session, "-t", self.topic(), "-q", 1)
        first = self.run_tool(*self.base("mosquitto_sub"), *session, "-E")
        self.assertEqual(first.wait_exit(), 0, first.output())
        for word in ("one", "two", "three"):
            self.publish("-t", self.topic(), "-q", 1, "-m", word)
        again = self.run_tool(*self.base("mosquitto_sub"), *session, "-F", FORMAT, "-C", 3)
        self.assertEqual(again.wait_exit(), 0, again.output())
        self.assertEqual([line.rsplit("=", 1)[1] for line in again.lines("^GOT")], ["one", "two", "three"])

    def test_a_thousand_lines_keep_their_order(self):
        # covers: 5.0 MQTT-4.6.0-6, 3.1.1 MQTT-4.6.0-6
        for qos in (0, 1, 2):
            if qos == 2 and self.version == "mqttv5" and not testing_tombo():
                continue  # mosquitto 2.0.11 sends more than its own client's Receive Maximum allows
            sub = self.subscribe("-t", self.topic(qos), "-q", qos)
            with tempfile.TemporaryFile("w+") as words:
                words.write("".join(f"{n}\n" for n in range(1000)))
                words.seek(0)
                self.publish("-t", self.topic(qos), "-q", qos, "-l", stdin=words)
            got = sub.wait_for("^GOT", 1000)
            self.assertEqual([line.rsplit("=", 1)[1] for line in got], [str(n) for n in range(1000)])

    def test_sys_topics_have_the_names_that_users_know(self):
        # covers: 5.0 MQTT-4.7.2-1, 3.1.1 MQTT-4.7.2-1
        everything = self.subscribe("-t", "#", form="ALL %t")
        self.run_tool(*self.base("mosquitto_pub"), "-t", self.topic("traffic"), "-m", "x")
        names = ("version", "uptime", "clients/connected", "clients/total", "clients/maximum", "messages/received",
                 "messages/sent", "bytes/received", "bytes/sent", "subscriptions/count", "retained messages/count",
                 "load/messages/received/1min", "publish/messages/received", "publish/messages/sent")
        filters = [part for name in names for part in ("-t", f"$SYS/broker/{name}")]
        sub = self.subscribe(*filters, form="SYS %t=%p")
        for name in names:
            value = sub.wait_for("^SYS " + re.escape(f"$SYS/broker/{name}="))[0].split("=", 1)[1]
            self.assertRegex(value, r"\d")
        self.assertEqual(everything.lines(r"^ALL \$SYS"), [])

    def test_request_and_response(self):
        responder = self.subscribe("-t", self.topic("ask"), "-q", 1)
        asker = self.run_tool(*self.base("mosquitto_rr"), "-t", self.topic("ask"), "-e", self.topic("answer"), "-q", 1,
                              "-m", "how are you", "-F", FORMAT)
        responder.wait_for("payload=how are you")
        self.publish("-t", self.topic("answer"), "-q", 1, "-m", "well")
        self.assertEqual(asker.wait_exit(), 0, asker.output())
        self.assertEqual(len(asker.lines("payload=well$")), 1, asker.output())


class MqttV31(EveryVersion):
    version = "mqttv31"


class MqttV311(EveryVersion):
    version = "mqttv311"


class MqttV5(EveryVersion):
    version = "mqttv5"
    keep_session = ("-x", 600)

    def test_user_properties_arrive_in_order(self):
        # covers: 5.0 MQTT-3.3.2-17, 5.0 MQTT-3.3.2-18
        sub = self.subscribe("-t", self.topic(), "-q", 1, form="GOT %P")
        self.publish("-t", self.topic(), "-q", 1, "-m", "x", "-D", "publish", "user-property", "b", "1",
                     "-D", "publish", "user-property", "a", "2", "-D", "publish", "user-property", "b", "3")
        self.assertEqual(sub.wait_for("^GOT")[0].split()[1:], ["b:1", "a:2", "b:3"])

    def test_publish_properties_are_passed_on(self):
        # covers: 5.0 MQTT-3.3.2-4, 5.0 MQTT-3.3.2-15, 5.0 MQTT-3.3.2-16, 5.0 MQTT-3.3.2-20
        sub = self.subscribe("-t", self.topic(), "-q", 1, form="GOT %C|%D|%R|%F|%E|%p")
        self.publish("-t", self.topic(), "-q", 1, "-m", "x", "-D", "publish", "content-type", "text/plain",
                     "-D", "publish", "correlation-data", "c-7", "-D", "publish", "response-topic", "back/here",
                     "-D", "publish", "payload-format-indicator", 1, "-D", "publish", "message-expiry-interval", 100)
        self.assertRegex(sub.wait_for("^GOT")[0], r"^GOT text/plain\|c-7\|back/here\|1\|(100|99|98)\|x$")

    def test_a_shared_subscription_divides_messages(self):
        subs = [self.subscribe("-t", f"$share/group/{self.topic()}", "-q", 1) for _ in range(2)]
        with tempfile.TemporaryFile("w+") as words:
            words.write("".join(f"{n}\n" for n in range(100)))
            words.seek(0)
            self.publish("-t", self.topic(), "-q", 1, "-l", stdin=words)
        marker = self.subscribe("-t", self.topic("end"), "-q", 1)
        self.publish("-t", self.topic("end"), "-q", 1, "-m", "end")
        marker.wait_for("payload=end")
        wait_until(lambda: sum(len(sub.lines("^GOT")) for sub in subs) >= 100, "100 messages at the group")
        numbers = sorted(int(line.rsplit("=", 1)[1]) for sub in subs for line in sub.lines("^GOT"))
        self.assertEqual(numbers, list(range(100)))
        for sub in subs:
            self.assertGreater(len(sub.lines("^GOT")), 0, "a member was left out")

    def test_no_local_keeps_own_messages_away(self):
        # covers: 5.0 MQTT-3.8.3-3
        sub = self.subscribe("-t", self.topic(), "-q", 1)
        asker = self.run_tool(*self.base("mosquitto_rr"), "-t", self.topic(), "-e", self.topic(), "-q", 1, "-m", "own",
                              "-D", "connect", "maximum-packet-size", 1000, "-W", 20, "-F", FORMAT)
        sub.wait_for("payload=own")  # others do get it
        self.publish("-t", self.topic(), "-q", 1, "-m", "answer")
        self.assertEqual(asker.wait_exit(), 0, asker.output())


class BigPayload(Clients):
    """A file of 200 MB, where the limits allow it."""

    version = "mqttv5"
    size = 200_000_000
    sections = "[limits]\npacket_bytes_max = 268435460\nqueue_bytes_max = 600000000\nmemory_bytes_max = 4000000000\n"

    def big_file(self, folder):
        path = os.path.join(folder, "big")
        block = hashlib.sha512(b"tombo").digest() * 16384
        with open(path, "wb") as file:
            written = 0
            while written < self.size:
                written += file.write(block[:self.size - written])
        return path

    def test_200_mb_arrive_unchanged(self):
        for version, qos in (("mqttv311", 0), ("mqttv5", 1)):
            with self.subTest(version), tempfile.TemporaryDirectory() as folder:
                self.version = version
                big, received = self.big_file(folder), os.path.join(folder, "received")
                self.publish("-t", self.topic("ready"), "-r", "-q", 1, "-m", "ready")
                sub = self.run_tool("bash", "-c", f'exec stdbuf -o0 mosquitto_sub "$@" > {received}', "sub", "-h", HOST,
                                    "-p", self.port, "-V", version, "-t", self.topic("big"), "-t", self.topic("ready"),
                                    "-q", qos, "-N", "-C", 2)
                # The retained message shows that both filters of the one SUBSCRIBE are in place.
                wait_until(lambda: os.path.exists(received) and os.path.getsize(received) == 5, "the subscriber is ready")
                self.publish("-t", self.topic("big"), "-q", qos, "-f", big, wait_s=90)
                self.assertEqual(sub.wait_exit(90), 0, sub.output())
                with open(big, "rb") as sent, open(received, "rb") as got:
                    self.assertEqual(got.read(5), b"ready")
                    self.assertEqual(hashlib.sha256(sent.read()).digest(), hashlib.sha256(got.read()).digest())


class PayloadTooBig(BigPayload):
    """The same file where a packet may have one megabyte: a clear refusal, and others go on."""

    sections = "[limits]\npacket_bytes_max = 1000000\n"
    mosquitto = "max_packet_size 1000000"

    def test_200_mb_arrive_unchanged(self):
        self.skipTest("the case above, with room for it")

    def test_200_mb_are_refused_and_others_go_on(self):
        # covers: 5.0 MQTT-3.2.2-15
        for version, qos in (("mqttv311", 1), ("mqttv5", 0), ("mqttv5", 1)):
            with self.subTest(version, qos=qos), tempfile.TemporaryDirectory() as folder:
                self.version = version
                sub = self.subscribe("-t", self.topic("#"), "-q", 1)
                pub = self.run_tool(*self.base("mosquitto_pub"), "-d", "-t", self.topic("big"), "-q", qos, "-f",
                                    self.big_file(folder))
                if version == "mqttv5":
                    # Told in CONNACK, so the client itself does not even begin (and, at 2.0.11, exits with 0).
                    pub.wait_exit()
                    self.assertEqual(pub.lines("sending PUBLISH"), [])
                else:
                    # 3.1.1 knows no limit: the connection is closed, and mosquitto_pub tries again or gives up.
                    pub.wait_for("(?i)connection was lost|CONNECT$|error", 2)
                    pub.kill()
                self.publish("-t", self.topic("small"), "-q", 1, "-m", "small")
                sub.wait_for("payload=small")
                self.assertEqual(len(sub.lines("^GOT")), 1, "nothing of the refused message is delivered")
                self.assertLess(self.broker.rss_kb(), 150_000 if not sanitized() else 1_000_000)


del EveryVersion  # its cases run by version only

if __name__ == "__main__":
    main()
