"""Who is let in and what they may do: password files, tokens, Mosquitto's acl_file, and what changes while it runs."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import raw_client
from harness import DEADLINE_S, HOST, main, sanitized, testing_tombo, wait_until
from raw_client import RawClient, packet, text, varint
from secured import SecuredTest, free_port, on_port, tables, tomboctl, write_password

ACCEPTED = 0
BAD_CREDENTIALS = {4: 4, 5: 0x86}  # by protocol level
NOT_AUTHORIZED = {4: 5, 5: 0x87}
MAXIMUM_CONNECT_TIME = 0xA0
NEVER = bytes([0x11, 0xFF, 0xFF, 0xFF, 0xFF])  # session expiry


def connect_bytes(level, client_id, user=None, password=None, clean=True, properties=b""):
    flags = (2 if clean else 0) | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = text("MQTT") + bytes([level, flags]) + struct.pack("!H", 0)
    if level == 5:
        body += varint(len(properties)) + properties
    body += text(client_id)
    if user is not None:
        body += text(user)
    if password is not None:
        data = password if isinstance(password, bytes) else password.encode()
        body += struct.pack("!H", len(data)) + data
    return packet(raw_client.CONNECT, 0, body)


class Login(RawClient):
    """A client with a user name that need not be let in: `code` is what CONNACK says, None where there was none."""

    def __init__(self, port, level=5, client_id="login", user=None, password=None, clean=True, properties=b"", source=HOST):
        # Not RawClient's: that takes a refusal for a failure.
        self.level, self.buffer, self.next_id, self.code = level, bytearray(), 0, None
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE_S)
        self.socket.bind((source, 0))
        self.socket.connect((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.send(connect_bytes(level, client_id, user, password, clean, properties))
            kind, _, self.connack = self.receive()
            assert kind == raw_client.CONNACK, kind
            self.code = self.connack[1]
        except (EOFError, ConnectionResetError, BrokenPipeError):
            pass

    def granted(self, topic_filter, qos=1):
        """The code of SUBACK."""
        self.send(self.subscribe_bytes(topic_filter, qos))
        _, body = self.receive_kind(raw_client.SUBACK)
        return body[-1]

    def next_message(self):
        """(topic, payload) of the next PUBLISH of QoS 0 or 1, which is acknowledged."""
        flags, body = self.receive_kind(raw_client.PUBLISH)
        length = struct.unpack_from("!H", body)[0]
        topic, at = body[2:2 + length].decode(), 2 + length
        if flags >> 1 & 3:
            self.send(packet(raw_client.PUBACK, 0, body[at:at + 2]))
            at += 2
        if self.level == 5:
            at += 1 + body[at]
        return topic, body[at:]


def login_code(port, level, user=None, password=None, **options):
    client = Login(port, level, user=user, password=password, **options)
    client.socket.close()
    return client.code


class LoginTest(SecuredTest):
    def setUp(self):
        super().setUp()
        self.passwords = self.folder / "passwords"
        self.inside = free_port()

    def start_with(self, auth, more="", door=""):
        """The harness's listener lets everybody in; that at `inside` asks."""
        asking = tables("listener", on_port(self.inside, 'anonymous = "refuse"', door))
        return self.start(sections=f"[auth]\n{auth}\n{more}\n{asking}")

    def start_with_passwords(self, more=""):
        return self.start_with('backends = ["passwords"]', f'[passwords]\nfile = "{self.passwords}"\n{more}')

    def assert_code(self, codes, user, password, **options):
        """`codes` by level; in 3.1.1 a password needs a user name."""
        for level in (4, 5):
            with self.subTest(level=level, user=user):
                wanted = codes[level] if isinstance(codes, dict) else codes
                self.assertEqual(login_code(self.inside, level, user, password, **options), wanted)


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Passwords(LoginTest):
    def test_every_kind_of_hash(self):
        for user, options in (("argon", ["--hash", "argon2id"]), ("pbkdf", ["--hash", "pbkdf2"])):
            write_password(self.passwords, user, f"{user} secret", *options)
        kinds = self.passwords.read_text()
        self.assertIn("$argon2id$", kinds)
        users = ["argon", "pbkdf"]
        if shutil.which("mosquitto_passwd"):
            subprocess.run(["mosquitto_passwd", "-b", self.passwords, "debian", "debian secret"], check=True, timeout=60,
                           stdout=subprocess.DEVNULL)
            users.append("debian")
        else:
            print("without mosquitto_passwd: its hash is left out")
        self.start_with_passwords()
        for user in users:
            self.assert_code(ACCEPTED, user, f"{user} secret")
            self.assert_code(BAD_CREDENTIALS, user, "argon")
            self.assert_published("-u", user, "-P", f"{user} secret", port=self.inside)

    def test_who_is_refused(self):
        write_password(self.passwords, "alice", "secret", "--hash", "pbkdf2")
        self.start_with_passwords()
        for password in ("wrong", "", "secre", "secret ", b"secret\0", b"secret\0more", b"\0secret", b"\0"):
            self.assert_code(BAD_CREDENTIALS, "alice", password)
        self.assert_code(BAD_CREDENTIALS, "stranger", "secret")
        self.assert_code(BAD_CREDENTIALS, "alice ", "secret")
        self.assert_code(BAD_CREDENTIALS, "alice", None)
        self.assert_code(NOT_AUTHORIZED, None, None)
        self.assertEqual(login_code(self.inside, 5, None, "secret"), NOT_AUTHORIZED[5])
        self.assert_code(ACCEPTED, "alice", "secret")

    def test_a_change_of_the_file_holds_at_once(self):
        write_password(self.passwords, "alice", "first", "--hash", "pbkdf2")
        self.start_with_passwords()
        stays = Login(self.inside, client_id="stays", user="alice", password="first")
        self.assertEqual(stays.code, ACCEPTED)
        write_password(self.passwords, "bob", "builder", "--hash", "pbkdf2")
        wait_until(lambda: login_code(self.inside, 5, "bob", "builder") == ACCEPTED, "bob is known")
        write_password(self.passwords, "alice", "second", "--hash", "pbkdf2")
        wait_until(lambda: login_code(self.inside, 5, "alice", "second") == ACCEPTED, "the new password holds")
        self.assert_code(BAD_CREDENTIALS, "alice", "first")
        self.assertEqual(tomboctl("passwd", "-D", self.passwords, "bob").returncode, 0)
        wait_until(lambda: login_code(self.inside, 5, "bob", "builder") == BAD_CREDENTIALS[5], "bob is gone")
        stays.ping()

    def test_a_broken_file_keeps_the_users(self):
        write_password(self.passwords, "alice", "secret", "--hash", "pbkdf2")
        good = self.passwords.read_text()
        self.start_with_passwords()
        for broken, line in ((good + "bob\n", 2), ("alice:\n", 1), (good + "eve:$9$nothing\n", 2)):
            before = len(self.broker.log())
            self.passwords.write_text(broken)
            self.logged(f"{self.passwords}:{line}", before)
            self.assert_code(ACCEPTED, "alice", "secret")
            self.assert_code(BAD_CREDENTIALS, "eve", "nothing")
            self.assert_code(BAD_CREDENTIALS, "bob", "")
        self.passwords.unlink()
        self.assert_code(ACCEPTED, "alice", "secret")

    def test_a_broken_file_at_the_start(self):
        self.passwords.write_text("alice\n")
        with self.assertRaisesRegex(AssertionError, rf"ended with 1.*\n[^$]*{self.passwords}:1"):
            self.start_with_passwords()


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Storm(LoginTest):
    CLIENTS = 40 if sanitized() else 200  # each hash takes many times as long there

    def test_a_pair_is_served_while_many_log_in(self):
        write_password(self.passwords, "user", "secret", "--hash", "argon2id")
        value = self.passwords.read_text().split(":", 1)[1]  # the same hash for all: making one is slow
        self.passwords.write_text("".join(f"user{number}:{value}" for number in range(self.CLIENTS)))
        # Whoever waits for the hashing of others has sent CONNECT in time.
        self.start_with_passwords("[limits]\nconnect_timeout_s = 1\n")
        subscriber, publisher = RawClient(self.port, "in", level=4), RawClient(self.port, "out", level=4)
        subscriber.subscribe("flow")
        codes, ready = [], threading.Barrier(self.CLIENTS)

        def log_in(number):
            ready.wait(DEADLINE_S)
            codes.append(login_code(self.inside, 5, f"user{number}", "secret", client_id=f"storm{number}"))

        threads = [threading.Thread(target=log_in, args=(number,), daemon=True) for number in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        count = 0
        end = time.monotonic() + 3 * DEADLINE_S
        while any(thread.is_alive() for thread in threads) and time.monotonic() < end:
            publisher.publish("flow", b"%d" % count)
            _, body = subscriber.receive_kind(raw_client.PUBLISH)
            self.assertEqual(body, text("flow") + b"%d" % count)  # the next one, so none is lost
            count += 1
        self.assertEqual(codes, [ACCEPTED] * self.CLIENTS, "\n".join(self.cut_off()))
        self.assertGreater(count, 0)

    def cut_off(self):
        return [line for line in self.broker.log().splitlines() if re.search("before CONNECT|closed:|refused", line)]

    def test_who_fails_too_often_must_wait(self):
        for user in ("alice", "bob"):
            write_password(self.passwords, user, "secret", "--hash", "pbkdf2")
        self.start_with_passwords("[defence]\nlogin_failures_max = 3\nlogin_penalty_s = 8\n")
        for _ in range(3):
            self.assertEqual(login_code(self.inside, 5, "alice", "wrong"), BAD_CREDENTIALS[5])
        # Neither from that address, nor as that user from another.
        self.assertNotEqual(login_code(self.inside, 5, "bob", "secret"), ACCEPTED)
        self.assertNotEqual(login_code(self.inside, 5, "alice", "secret", source="127.0.0.2"), ACCEPTED)
        self.assertEqual(login_code(self.inside, 5, "bob", "secret", source="127.0.0.2"), ACCEPTED)
        wait_until(lambda: login_code(self.inside, 5, "alice", "secret") == ACCEPTED, "the penalty ends")


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(secret, algorithm="HS256", **claims):
    signed = encoded(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + b"." + encoded(json.dumps(claims).encode())
    return signed + b"." + (b"" if algorithm == "none" else encoded(hmac.new(secret, signed, hashlib.sha256).digest()))


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Tokens(LoginTest):
    SECRET = b"thirty-two bytes are the least.." + b"and some more"

    def setUp(self):
        super().setUp()
        key = self.folder / "secret.key"
        key.write_bytes(self.SECRET)
        self.start_with('backends = ["jwt"]',
                        f'[jwt]\nkey_file = "{key}"\nalgorithms = ["HS256"]\nissuer = "test"\nleeway_s = 0\n')

    def soon(self, seconds=3600):
        return int(time.time()) + seconds

    def test_a_good_one(self):
        good = token(self.SECRET, sub="alice", iss="test", exp=self.soon())
        self.assert_code(ACCEPTED, "alice", good)
        client = Login(self.inside, client_id="by-token", user="alice", password=good)
        self.assertEqual(client.code, ACCEPTED)
        self.assertEqual(self.connected()["by-token"]["user"], "alice")
        self.assert_published("-u", "alice", "-P", good.decode(), port=self.inside)

    def test_bad_ones(self):
        claims = {"sub": "alice", "iss": "test", "exp": self.soon()}
        good = token(self.SECRET, **claims)
        head, body, signature = good.split(b".")
        forged = encoded(json.dumps({**claims, "sub": "admin"}).encode())
        for what, bad in (("another secret", token(b"x" * 40, **claims)), ("none", token(self.SECRET, "none", **claims)),
                          ("expired", token(self.SECRET, **{**claims, "exp": self.soon(-10)})),
                          ("no expiry", token(self.SECRET, sub="alice", iss="test")),
                          ("not yet", token(self.SECRET, nbf=self.soon(), **claims)),
                          ("another issuer", token(self.SECRET, **{**claims, "iss": "else"})),
                          ("other claims", head + b"." + forged + b"." + signature), ("no signature", head + b"." + body + b"."),
                          ("NUL behind", good + b"\0"), ("nothing", b""), ("dots", b"..")):
            for level in (4, 5):
                with self.subTest(what=what, level=level):
                    self.assertIn(login_code(self.inside, level, "alice", bad), (BAD_CREDENTIALS[level], NOT_AUTHORIZED[level]))

    def test_its_end_is_the_connections_end(self):
        client = Login(self.inside, client_id="short", user="alice",
                       password=token(self.SECRET, sub="alice", iss="test", exp=self.soon(4)))
        self.assertEqual(client.code, ACCEPTED)
        client.ping()
        _, body = client.receive_kind(raw_client.DISCONNECT)
        self.assertEqual(body[0], MAXIMUM_CONNECT_TIME)
        with self.assertRaises((EOFError, ConnectionResetError)):
            client.receive()


ACL = """user alice
topic readwrite home/#
topic readwrite always
user writer
topic readwrite #
pattern readwrite dev/%c/#
pattern read all/%c
pattern read name/%u/#
"""
REVOKED = ACL.replace("topic readwrite home/#\n", "")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Reload(LoginTest):
    def test_what_cannot_be_read_fails_the_reload(self):
        """Passwords or rules that cannot be read: told as a failure, and nothing has changed."""
        rules = self.folder / "rules"
        rules.write_text("user anna\ntopic readwrite a/#\n")
        write_password(self.passwords, "anna", "secret")
        self.start_with_passwords(f'[acl]\nfile = "{rules}"')
        self.tell("reload")
        for path, wrong in ((rules, "user anna\ntopic wread a/#\n"), (self.passwords, "anna:$no-hash\n")):
            with self.subTest(path=path.name):
                right = path.read_text()
                path.write_text(wrong)
                run = tomboctl("-s", self.control, "reload")
                self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
                self.assertIn(path.name, run.stdout + run.stderr)
                client = Login(self.inside, user="anna", password="secret")
                self.assertEqual(client.code, ACCEPTED)
                self.assertEqual(client.granted("a/1"), 1)
                self.assertEqual(client.granted("b/1"), NOT_AUTHORIZED[5])
                client.socket.close()
                path.write_text(right)
                self.tell("reload")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Rules(LoginTest):
    def setUp(self):
        super().setUp()
        self.acl = self.folder / "acl"
        self.acl.write_text(ACL)
        for user in ("alice", "writer", "+", "a#"):
            write_password(self.passwords, user, "secret", "--hash", "pbkdf2")
        self.start_with_passwords(f'[acl]\nfile = "{self.acl}"\n')
        self.writer = self.log_in("writer", "writer")

    def log_in(self, user, client_id, **options):
        client = Login(self.inside, client_id=client_id, user=user, password="secret", **options)
        self.assertEqual(client.code, ACCEPTED)
        self.addCleanup(client.socket.close)
        return client

    def revoke(self, hangup=False):
        self.acl.write_text(REVOKED)
        if hangup:
            self.broker.signal(signal.SIGHUP)
        wait_until(lambda: self.explained("alice", "x", "receive", "home/x")["decision"] == "deny", "the new rules hold")

    def explained(self, user, client_id, action, topic):
        return json.loads(self.tell("--json", "acl", "explain", "--user", user, "--client", client_id, "--action", action,
                                    "--topic", topic))

    def test_mosquitto_clients(self):
        account = ["-u", "alice", "-P", "secret", "-V", "mqttv5"]
        allowed = self.subscriber("home/#", *account, "-i", "alice-in", port=self.inside)
        seer = self.log_in("writer", "seer")
        seer.subscribe("#", 1)
        self.publish("-q", 1, "-t", "elsewhere", "-m", "denied", *account, port=self.inside)
        self.publish("-q", 0, "-t", "elsewhere", "-m", "denied", *account, port=self.inside)
        self.assert_published("-t", "home/1", "-m", "allowed", *account, port=self.inside)
        allowed.wait_for("home/1 allowed")
        self.assertEqual(seer.next_message(), ("home/1", b"allowed"))  # and nothing before it
        denied = self.tool("mosquitto_sub", "-d", "-h", HOST, "-p", self.inside, "-t", "elsewhere/#", *account)
        denied.wait_for("denied|not authori|Subscribed.*: (128|135)")

    def test_refused_with_the_right_codes(self):
        alice = self.log_in("alice", "a5")
        self.assertEqual(alice.publish("elsewhere", b"", 1), 0x87)
        self.assertEqual(alice.granted("elsewhere/#"), 0x87)
        self.assertEqual(alice.granted("home/#"), 1)
        old = self.log_in("alice", "a4", level=4)
        self.assertEqual(old.granted("elsewhere/#"), 0x80)
        self.assertEqual(old.granted("home/#"), 1)

    def test_hostile_client_ids_open_nothing(self):
        plain = self.log_in("alice", "one")
        self.assertEqual(plain.granted("dev/one/#"), 1)
        self.assertEqual(plain.granted("all/one"), 1)
        self.assertGreaterEqual(plain.granted("dev/two/#"), 0x80)
        for client_id in ("+", "#", "+/x", "one/#"):
            client = self.log_in("alice", client_id)
            for wanted in ("dev/+/#", "dev/#", "all/+", "all/#", "dev/one/#", "all/one", "dev/one/x/#"):
                with self.subTest(client_id=client_id, wanted=wanted):
                    self.assertGreaterEqual(client.granted(wanted), 0x80)
            self.assertEqual(client.publish("dev/one/x", b"", 1), 0x87)
        for user in ("+", "a#"):
            client = self.log_in(user, f"user-{len(user)}")
            for wanted in ("name/+/#", "name/#", "name/alice/#", "name/a#/x"):
                with self.subTest(user=user, wanted=wanted):
                    self.assertGreaterEqual(client.granted(wanted), 0x80)

    def test_revoked_from_a_live_subscriber(self):
        for hangup in (False, True):
            self.acl.write_text(ACL)
            wait_until(lambda: self.explained("alice", "x", "receive", "home/x")["decision"] == "allow", "the rules are back")
            alice = self.log_in("alice", f"live-{hangup}")
            self.assertEqual((alice.granted("home/#"), alice.granted("always")), (1, 1))
            self.writer.publish("home/x", b"before", 1)
            self.assertEqual(alice.next_message(), ("home/x", b"before"))
            before = len(self.broker.log())
            self.revoke(hangup)
            self.logged(f"client live-{hangup} loses its subscription to home/#", before)
            self.writer.publish("home/x", b"after", 1)
            self.writer.publish("always", b"marker", 1)
            self.assertEqual(alice.next_message(), ("always", b"marker"))

    def test_revoked_from_a_durable_subscriber_that_is_away(self):
        """CVE-2021-34434: what waits for it and what comes later is not for it any more."""
        durable = {"clean": False, "properties": NEVER}
        alice = self.log_in("alice", "away", **durable)
        self.assertEqual((alice.granted("home/#"), alice.granted("always")), (1, 1))
        alice.disconnect()
        self.writer.publish("home/x", b"queued before", 1)
        self.revoke()
        self.writer.publish("home/x", b"queued after", 1)
        self.writer.publish("always", b"marker", 1)
        alice = self.log_in("alice", "away", **durable)
        self.assertEqual(alice.connack[0], 1, "the session is there")
        self.assertEqual(alice.next_message(), ("always", b"marker"))
        self.writer.publish("home/x", b"live", 1)
        self.writer.publish("always", b"second marker", 1)
        self.assertEqual(alice.next_message(), ("always", b"second marker"))

    def test_retained_messages_of_what_was_revoked(self):
        """CVE-2018-12546, on the reader's side."""
        self.writer.send(self.writer.publish_bytes("home/kept", b"retained", 1, retain=True))
        self.writer.receive_kind(raw_client.PUBACK)
        alice = self.log_in("alice", "reader")
        self.assertEqual(alice.granted("home/#"), 1)
        self.assertEqual(alice.next_message(), ("home/kept", b"retained"))
        self.revoke()
        for wanted in ("home/#", "home/kept"):
            self.assertEqual(alice.granted(wanted), 0x87)
        self.assertEqual(alice.granted("always"), 1)
        self.writer.publish("always", b"marker", 1)
        self.assertEqual(alice.next_message(), ("always", b"marker"))

    def test_a_broken_file_keeps_the_rules(self):
        before = len(self.broker.log())
        self.acl.write_text("user alice\ntopic readwrit home/#\n")
        self.logged(f"{self.acl}:2", before)
        alice = self.log_in("alice", "still")
        self.assertEqual(alice.granted("home/#"), 1)
        self.assertEqual(alice.granted("elsewhere"), 0x87)

    def test_explain_asks_the_running_broker(self):
        said = self.explained("alice", "one", "publish", "home/x")
        self.assertEqual(said["decision"], "allow")
        self.assertIn(f"{self.acl}:2", f"{said['rule']} {said['text']}")
        self.assertEqual(self.explained("alice", "one", "publish", "elsewhere")["decision"], "deny")
        self.assertEqual(self.explained("alice", "+", "subscribe", "dev/+/#")["decision"], "deny")
        self.log_in("alice", "connected")
        said = json.loads(self.tell("--json", "acl", "explain", "--client", "connected", "--action", "publish",
                                    "--topic", "home/x"))
        self.assertEqual((said["decision"], said["user"]), ("allow", "alice"))


if __name__ == "__main__":
    main()
