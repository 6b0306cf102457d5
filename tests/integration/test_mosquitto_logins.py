"""Logins that a plugin of Mosquitto's interface answers later, client ids that it gives, and certificates that it is shown.

By tests/plugin_mosquitto/logins.c.  Events and functions are those that 2.1 has added, so there is no comparison with Debian's
broker.
"""

import signal
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from certificates import Authority
from guests import GuestTest, build, section
from harness import HOST, Broker, Tool, free_port, main, testing_tombo, wait_until
from raw_client import CONNACK, CONNECT, DISCONNECT, RawClient, packet, text, varint

ME = ["-u", "me", "-P", "pw"]
SUCCESS, AUTH, DEFER = 0, 11, 17
ASSIGNED = 0x12


def properties_of(body):
    """Those of CONNACK that tests look at: numbers and texts by their identifier."""
    found, at, end = {}, 1, 1 + body[0]
    while at < end:
        kind, at = body[at], at + 1
        if kind in (0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F):
            size = struct.unpack_from("!H", body, at)[0]
            found[kind], at = body[at + 2:at + 2 + size].decode(), at + 2 + size
        else:
            size = {0x11: 4, 0x21: 2, 0x22: 2, 0x13: 2, 0x27: 4}.get(kind, 1)
            found[kind], at = int.from_bytes(body[at:at + size], "big"), at + size
    return found


class LoginClient(RawClient):
    """Sends CONNECT, and takes the answer when it is asked for."""

    def __init__(self, port, client_id, user="me", password="pw", level=5, clean=True, expiry_s=0, will=None, properties=b""):
        self.level, self.buffer, self.next_id = level, bytearray(), 0
        self.socket = socket.create_connection((HOST, port), timeout=harness.DEADLINE_S)
        if level == 5 and expiry_s:
            properties += b"\x11" + struct.pack("!I", expiry_s)
        flags = 0xC0 | (2 if clean else 0) | (0x04 if will else 0)
        if user is None:
            flags &= 0x3F
        more = varint(len(properties)) + properties if level == 5 else b""
        body = text("MQTT") + bytes([level, flags, 0, 0]) + more + text(client_id)
        if will:
            body += (b"\0" if level == 5 else b"") + text(will) + text("gone")
        if user is not None:
            body += text(user) + text(password)
        self.send(packet(CONNECT, 0, body))

    def answer(self):
        """(reason code, session present, properties)"""
        kind, _, body = self.receive()
        assert kind == CONNACK, (kind, body)
        return body[1], bool(body[0] & 1), properties_of(body[2:]) if self.level == 5 else {}

    def close(self):
        self.socket.close()


@unittest.skipUnless(testing_tombo(), "it wants functions that Debian's broker does not have")
class LoginsTest(GuestTest):
    @classmethod
    def make_plugin(cls):
        return build(cls.folder.name, "logins.c", "logins", libraries=["-lcrypto"])

    def setUp(self):
        super().setUp()
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()
        super().tearDown()

    def login(self, client_id, user, **more):
        client = LoginClient(self.port, client_id, user, **more)
        self.clients.append(client)
        return client

    def order(self, words):
        done = self.publish("$CONTROL/logins/v1", words, "-q", "1", "-d", *ME)
        self.assertRegex(done.stdout, r"received PUBACK \(Mid: 1, RC:0\)", done.stderr)

    def told(self, what):
        """What the plugin publishes of this kind from now on."""
        return self.subscribe(f"logins/{what}", "-q", "1", *ME)

    def is_there(self, client):
        client.ping()

    def delayed(self, client_id, user="bob", asked=None, **more):
        """A login of which the plugin has said that it answers later."""
        asked = asked or self.told("asked")
        client = self.login(client_id, user, **more)
        asked.wait_for(f"{client_id}$")
        return client


class Delayed(LoginsTest):
    plugin_more = "deadline_ms = 60000"

    def test_a_login_is_answered_later(self):
        for number, (order, code) in enumerate((("answer", SUCCESS), ("elsewhere", SUCCESS), ("answer", AUTH), ("elsewhere", AUTH))):
            for level in (4, 5):
                name = f"later-{number}-{level}"
                client = self.delayed(name, level=level)
                self.order(f"{order} {name} {code}")
                self.assertEqual(client.answer()[0] == 0, code == SUCCESS, (order, code, level))

    def test_an_answer_may_come_before_the_callback_has_returned(self):
        for user in ("soon", "elsewhere"):
            client = self.login(f"early-{user}", user)
            self.assertEqual(client.answer()[0], 0)
            self.is_there(client)

    def test_others_are_served_meanwhile(self):
        client = self.delayed("waiting")
        other = self.login("other", "me")
        self.assertEqual(other.answer()[0], 0)
        self.order("answer waiting 0")
        self.assertEqual(client.answer()[0], 0)

    def test_no_opinion_is_a_no_for_who_has_a_name(self):
        client = self.delayed("undecided")
        self.order(f"answer undecided {DEFER}")
        self.assertNotEqual(client.answer()[0], 0)

    def test_an_answer_for_nobody_does_nothing(self):
        for words in ("answer nobody-of-this-name 0", "elsewhere nobody-of-this-name 11", "null"):
            self.order(words)
        self.assertEqual(self.login("goes-on", "me").answer()[0], 0)

    def test_a_second_answer_does_nothing(self):
        client = self.delayed("twice")
        for code in (SUCCESS, AUTH, SUCCESS):
            self.order(f"answer twice {code}")
        self.assertEqual(client.answer()[0], 0)
        self.is_there(client)
        # Nor does it wait for the next one.
        again = self.delayed("twice", user="eve")
        self.order(f"answer twice {AUTH}")
        self.assertNotEqual(again.answer()[0], 0)

    def test_a_client_that_has_gone_meanwhile_leaves_nothing(self):
        # Nobody listens to a client that waits for its answer, so it may come in just to go at once.
        came, went = self.told("connect"), self.told("disconnect")
        for end in ("", "hard"):
            client = self.delayed(f"gone{end}")
            if end:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            self.order(f"answer gone{end} 0")
            self.order(f"answer gone{end} 0")
        # What comes later by its name is another client, whom that answer does not let in.
        again = self.delayed("gone", password="other")
        self.order(f"answer gone {AUTH}")
        self.assertNotEqual(again.answer()[0], 0)
        self.assertEqual(self.login("after", "me").answer()[0], 0)
        came.wait_for("id=after ")
        wait_until(lambda: len(went.lines("id=gone")) == len(came.lines("id=gone")), "who came went")

    def test_who_comes_again_with_the_same_words_takes_the_place(self):
        asked = self.told("asked")
        first = self.delayed("again", asked=asked)
        second = self.login("again", "bob")
        self.assertNotEqual(first.answer()[0], 0)
        self.order("answer again 0")
        self.assertEqual(second.answer()[0], 0)
        # The plugin was asked once, so there is no second answer that could let in somebody else.
        self.assertEqual(len(asked.lines("again$")), 1)

    def test_a_refused_logins_answer_lets_in_nobody_else(self):
        asked = self.told("asked")
        wrong = self.delayed("taken", asked=asked, password="wrong")
        self.assertNotEqual(self.login("taken", "bob", password="right").answer()[0], 0)
        self.assertEqual(len(asked.lines("taken$")), 1)
        self.order(f"answer taken {AUTH}")
        self.assertNotEqual(wrong.answer()[0], 0)

    def test_one_client_id_given_to_two_lets_in_neither(self):
        asked = self.told("asked")
        first = self.login("one", "later-as:both")
        asked.wait_for("both$")
        second = self.login("two", "later-as:both")
        self.assertNotEqual(second.answer()[0], 0)
        self.assertNotEqual(first.answer()[0], 0)
        for _ in range(2):
            self.order("answer both 0")
        self.assertNotEqual(self.login("both", "bob").answer()[0], 0)

    def test_an_answer_is_for_the_password_that_it_was_found_for(self):
        right = self.delayed("shared", password="right")
        for user, password in (("bob", "wrong"), ("eve", "right")):
            self.assertNotEqual(self.login("shared", user, password=password).answer()[0], 0)
        self.order("answer shared 0")
        self.assertEqual(right.answer()[0], 0)
        self.is_there(right)

    def test_a_login_that_is_not_answered_ends_with_the_broker(self):
        broker = Broker(sections=section("guest", self.plugin, ["noise=yes"], "deadline_ms = 60000") +
                        '[auth]\nbackends = ["plugin:guest"]\n').start()
        self.addCleanup(lambda: broker.process.poll() is None and broker.process.kill())
        asked = Tool(["mosquitto_sub", "-V", "5", "-d", "-v", "-h", HOST, "-p", str(broker.port), "-t", "logins/asked", *ME])
        self.addCleanup(asked.kill)
        asked.wait_for("received SUBACK")
        client = LoginClient(broker.port, "waits", "bob")
        self.addCleanup(client.close)
        asked.wait_for("waits$")
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("logins: goodbye", broker.log())
        try:
            self.assertNotEqual(client.answer()[0], 0)
        except (EOFError, ConnectionResetError):
            pass  # as good


class TooLate(LoginsTest):
    plugin_more = "deadline_ms = 200"

    def test_an_answer_that_comes_too_late_does_nothing(self):
        client = self.delayed("late")
        self.assertNotEqual(client.answer()[0], 0)
        # The next one, with other words, must not get what was the first one's.
        self.assertNotEqual(self.login("late", "eve").answer()[0], 0)
        self.order("answer late 0")
        self.assertEqual(self.login("late", "me").answer()[0], 0)


class Several(unittest.TestCase):
    """With several plugins, an answer from a thread of one's own comes to that one."""

    @unittest.skipUnless(testing_tombo(), "it wants functions that Debian's broker does not have")
    def test_an_answer_comes_to_the_plugin_that_was_asked(self):
        with tempfile.TemporaryDirectory(prefix="tombo-guests-") as folder:
            first = build(folder, "logins.c", "first", libraries=["-lcrypto"])
            second = build(folder, "recorder.c", "second")
            for order in ((first, second), (second, first)):
                sections = "".join(section(Path(path).stem, path) for path in order)
                broker = Broker(sections=sections + '[auth]\nbackends = ["plugin:first", "plugin:second"]\n').start()
                try:
                    client = LoginClient(broker.port, "x", "elsewhere")
                    self.assertEqual(client.answer()[0], 0)
                    client.close()
                finally:
                    broker.stop()


class GivenIds(LoginsTest):
    plugin_more = "deadline_ms = 60000"

    def test_a_login_may_be_given_another_client_id(self):
        came = self.told("connect")
        for level in (4, 5):
            client = self.login(f"asked-{level}", f"as:given-{level}", level=level)
            code, _, properties = client.answer()
            self.assertEqual((code, properties.get(ASSIGNED)), (0, None))
            came.wait_for(f"id=given-{level} user=as:given-{level} ")
            self.is_there(client)
            client.close()
        self.assertFalse(came.lines("id=asked"))

    def test_whom_connect_named_nothing_is_told(self):  # [MQTT-3.2.2-16]
        client = self.login("", "as:named-here")
        code, _, properties = client.answer()
        self.assertEqual((code, properties.get(ASSIGNED)), (0, "named-here"))

    def test_the_session_is_that_of_the_given_id(self):
        names = [f"place-{number}" for number in range(8)]
        for turn, present in ((1, False), (2, True)):
            for number, name in enumerate(names):
                # Another identifier each time, some of which have sessions of their own elsewhere.
                client = self.login(f"from-{turn}-{number}", f"as:{name}", clean=False, expiry_s=1000)
                self.assertEqual(client.answer()[:2], (0, present), (turn, name))
                if not present:
                    client.subscribe(f"given/{name}")
                self.publish(f"given/{name}", f"hello {turn}", "-q", "1", *ME)
                self.assertIn(f"hello {turn}".encode(), client.receive()[2])
                client.close()
        own = self.login("place-1", "me", clean=False, expiry_s=1000)
        self.assertEqual(own.answer()[:2], (0x87, False))  # it is another user's
        other = self.login("place-1", "as:place-none", clean=False, expiry_s=1000)
        self.assertEqual(other.answer()[:2], (0, False))

    def test_who_has_the_id_already_makes_room(self):
        first = self.login("one", "as:only-one")
        self.assertEqual(first.answer()[0], 0)
        second = self.login("two", "as:only-one")
        self.assertEqual(second.answer()[0], 0)
        kind, _, body = first.receive()
        self.assertEqual((kind, body[0]), (DISCONNECT, 0x8E))
        self.is_there(second)

    def test_what_is_no_client_id_is_not_taken(self):
        client = self.login("keeps-its-own", "odd")
        self.assertEqual(client.answer()[0], 0)
        came = self.told("connect")
        again = self.login("keeps-its-own", "odd")
        self.assertEqual(again.answer()[0], 0)
        came.wait_for("id=keeps-its-own ")

    def test_a_will_is_the_given_clients(self):
        wills = self.subscribe("will/#", *ME)
        client = self.login("mortal", "as:immortal", will="will/x")
        self.assertEqual(client.answer()[0], 0)
        client.close()
        wills.wait_for("will/x gone")

    def test_one_that_waits_is_known_by_what_it_was_given(self):
        asked = self.told("asked")
        client = self.login("anything", "later-as:waits-as")
        asked.wait_for("waits-as$")
        self.order("answer waits-as 0")
        self.assertEqual(client.answer()[0], 0)
        came = self.told("mine")
        client.publish("$CONTROL/logins/v1", b"mine", qos=1)
        came.wait_for("waits-as$")

    def test_whoever_is_in_keeps_its_id(self):
        result = self.told("setid")
        client = self.login("stays", "me")
        self.assertEqual(client.answer()[0], 0)
        for _ in range(2):
            self.assertEqual(client.publish("$CONTROL/logins/v1", b"setid leaves", qos=1), 0)
        result.wait_for(" 10$", count=2)
        mine = self.told("mine")
        client.publish("$CONTROL/logins/v1", b"mine", qos=1)
        mine.wait_for("stays$")
        said = "can be done only while it judges its login"
        self.broker.says(said)
        self.assertEqual(self.broker.log().count(said), 1)

    def test_enhanced_authentication_gives_ids_too(self):
        came = self.told("connect")
        for number in range(4):  # some have to move to another shard
            properties = b"\x15" + struct.pack("!H", 4) + b"GIVE" + b"\x16" + text(f"by-method-{number}")
            client = self.login("method", None, properties=properties)
            self.assertEqual(client.answer()[0], 0)
            came.wait_for(f"id=by-method-{number} user=me ")
            self.is_there(client)
            client.close()
            properties = b"\x15" + struct.pack("!H", 3) + b"ASK" + b"\x16" + text("hello")
            client = self.login("", None, properties=properties)
            kind, _, body = client.receive()
            self.assertEqual((kind, body[0]), (15, 0x18))
            more = b"\x15" + text("ASK") + b"\x16" + text(f"by-answer-{number}")
            client.send(packet(15, 0, b"\x18" + varint(len(more)) + more))
            code, _, properties = client.answer()
            self.assertEqual((code, properties.get(ASSIGNED)), (0, f"by-answer-{number}"))
            came.wait_for(f"id=by-answer-{number} user=me ")
            self.is_there(client)
            client.close()


class Certificates(LoginsTest):
    """mosquitto_client_certificate."""

    @classmethod
    def setUpClass(cls):
        cls.tls_port = free_port()
        cls.authority = Authority()
        super().setUpClass()

    @classmethod
    def more_sections(cls):
        certificate, key = cls.authority.server("localhost")
        return f"""
[[listener]]
address = "{HOST}"
port = {cls.tls_port}
certificates = ["{certificate}"]
keys = ["{key}"]
ca_file = "{cls.authority.certificate}"
client_certificate = "optional"
"""

    def connect(self, client_id, *more):
        done = subprocess.run(["mosquitto_pub", "-h", HOST, "-p", str(self.tls_port), "--cafile", str(self.authority.certificate), "-i",
                               client_id, "-t", "x", "-m", "1", "-q", "1", *ME, *map(str, more)], capture_output=True, text=True,
                              timeout=harness.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_plugin_is_shown_the_certificate(self):
        came = self.told("connect")
        certificate, key = self.authority.client("sensor-7")
        self.connect("with", "--cert", certificate, "--key", key)
        came.wait_for("id=with user=me subject=/CN=sensor-7 known=1 new=1")
        self.connect("without")
        came.wait_for("id=without user=me subject=- ")
        self.publish("x", "1", "-i", "plain", *ME)
        came.wait_for("id=plain user=me subject=- ")


if __name__ == "__main__":
    main()
