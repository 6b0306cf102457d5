"""Plugins of Mosquitto's interface in the running broker.

Debian's dynamic security plugin, unmodified, managed by Debian's mosquitto_ctrl; and those of tests/plugin_mosquitto, which are
built against Debian's headers.  With BROKER=mosquitto the same cases run against Debian's broker, to check the tests themselves.
"""

import os
import re
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import paho.mqtt.client as paho

import harness
from paho_client import PahoClient
from harness import HOST, ROOT, Broker, BrokerTest, main, testing_tombo, wait_until

DYNSEC = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
SOURCES = ROOT / "tests" / "plugin_mosquitto"
ADMIN = ["-u", "admin", "-P", "adminpw"]


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
        cls.sections = section("guest", cls.plugin, cls.plugin_options, cls.plugin_more) + auth
        cls.mosquitto = conf(cls.plugin, cls.plugin_options)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.folder.cleanup()

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


class DynamicSecurity(GuestTest):
    @classmethod
    def make_plugin(cls):
        cls.file = Path(cls.folder.name) / "dynamic-security.json"
        made = subprocess.run(["mosquitto_ctrl", "dynsec", "init", str(cls.file), "admin", "adminpw"], capture_output=True, text=True,
                              timeout=harness.DEADLINE_S)
        assert cls.file.exists(), made.stdout + made.stderr
        cls.plugin_options = [f"config_file={cls.file}"]
        return DYNSEC

    def control(self, *command, expect=0):
        done = subprocess.run(self.client("mosquitto_ctrl", *ADMIN, "dynsec", *command), capture_output=True, text=True,
                              timeout=harness.DEADLINE_S)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, expect, said)
        self.assertNotRegex(said, "Error|timed out")
        return said

    def user(self, name, *roles):
        """A client of its own with these roles."""
        name = f"{self._testMethodName}-{name}"
        self.control("createClient", name, "-p", "secret")
        for role in roles:
            self.control("addClientRole", name, role)
        return ["-u", name, "-P", "secret"], name

    def role(self, *acls):
        name = f"{self._testMethodName}-role{len(acls)}"
        self.control("createRole", name)
        for acl in acls:
            self.control("addRoleACL", name, *acl.split())
        return name

    def test_who_was_created_comes_in_and_nobody_else(self):
        alice, name = self.user("alice")
        refused = self.publish("a", "1", "-u", name, "-P", "wrong", "-q", "1")
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(refused.stderr + refused.stdout, "(?i)not authori|bad user")
        self.assertNotEqual(self.publish("a", "1", "-u", "nobody", "-P", "x", "-q", "1").returncode, 0)
        self.assertEqual(self.publish("a", "1", *alice).returncode, 0)
        for version in ("mqttv31", "mqttv311"):
            self.assertNotEqual(self.publish("a", "1", "-u", name, "-P", "wrong", version=version).returncode, 0)
            self.assertEqual(self.publish("a", "1", *alice, version=version).returncode, 0)

    def test_publishing_needs_a_role(self):
        reader, _ = self.user("reader", self.role("subscribePattern # allow", "publishClientReceive # allow"))
        writer, name = self.user("writer")
        tool = self.subscribe(self.topic("#"), *reader)
        refused = self.publish(self.topic("x"), "early", "-q", "1", "-d", *writer)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        self.control("createRole", "may-write")
        self.control("addRoleACL", "may-write", "publishClientSend", self.topic("#"), "allow")
        self.control("addClientRole", name, "may-write")
        self.assertEqual(self.publish(self.topic("x"), "later", "-q", "1", *writer).returncode, 0)
        tool.wait_for("later")
        self.assertFalse(tool.lines("early"))

    def test_subscribing_needs_a_role(self):
        reader, _ = self.user("reader", self.role(f"subscribeLiteral {self.topic('open')} allow"))
        self.subscribe(self.topic("open"), *reader)
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic("closed"), *reader))
        tool.wait_for(r"denied|\): 135")

    def test_unsubscribing_may_be_denied(self):
        role = self.role("subscribePattern # allow", "publishClientReceive # allow", "publishClientSend # allow",
                         f"unsubscribeLiteral {self.topic('a')} deny")
        user, _ = self.user("stays", role)
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-v", "-t", self.topic("b"), "-U", self.topic("a"), *user))
        tool.wait_for("received UNSUBACK")

    def test_a_message_that_may_not_be_received_is_not(self):
        role = self.role("subscribePattern # allow", "publishClientSend # allow", f"publishClientReceive {self.topic('secret/#')} deny")
        user, _ = self.user("reader", role)
        before = self.publish(self.topic("secret/kept"), "retained", "-r", "-q", "1", *user)
        self.assertEqual(before.returncode, 0)
        tool = self.subscribe(self.topic("#"), "-q", "1", *user)
        for number in range(20):
            self.publish(self.topic("secret/x" if number % 2 else "open/x"), f"m{number}.", "-q", str(number % 3), *user)
        tool.wait_for("m18\\.$")
        got = [line for line in tool.lines(r" m\d+\.$")]
        self.assertEqual([re.search(r"m(\d+)", line).group(1) for line in got], [str(n) for n in range(0, 20, 2)])
        self.assertFalse(tool.lines("secret"))

    def test_groups_give_their_roles(self):
        role = self.role("publishClientSend # allow", "subscribePattern # allow")
        user, name = self.user("member")
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic(), *user))
        tool.wait_for(r"denied|\): 135")
        group = f"{self._testMethodName}-group"
        self.control("createGroup", group)
        self.control("addGroupRole", group, role)
        self.control("addGroupClient", group, name)
        self.subscribe(self.topic(), *user)
        self.assertIn(name, self.control("getGroup", group))
        self.control("removeGroupClient", group, name)
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic(), *user))
        tool.wait_for(r"denied|\): 135")

    def set_default(self, what, allow):
        """As an order of its own: mosquitto_ctrl 2.0.11 sends it in a form that changes nothing, in Debian's broker either."""
        order = '{"commands":[{"command":"setDefaultACLAccess","acls":[{"acltype":"%s","allow":%s}]}]}' % (what, allow)
        self.assertEqual(self.publish("$CONTROL/dynamic-security/v1", order, "-q", "1", *ADMIN).returncode, 0)
        wanted = "allow" if allow == "true" else "deny"
        wait_until(lambda: re.search(rf"{what}\s*: {wanted}", self.control("getDefaultACLAccess")), f"{what} is {wanted}")

    def test_default_access_holds_where_no_role_says_anything(self):
        user, _ = self.user("plain")
        refused = self.publish(self.topic(), "x", "-q", "1", "-d", *user)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        self.set_default("publishClientSend", "true")
        self.addCleanup(self.set_default, "publishClientSend", "false")
        allowed = self.publish(self.topic(), "x", "-q", "1", "-d", *user)
        self.assertNotRegex(allowed.stdout + allowed.stderr, "RC:135|[Nn]ot authori")
        reader, _ = self.user("reader", self.role("subscribePattern # allow"))
        tool = self.subscribe(self.topic(), *reader)
        self.publish(self.topic(), "before", "-q", "1", *user)
        tool.wait_for("before")
        tool.kill()
        # What is denied by default reaches nobody.
        self.set_default("publishClientReceive", "false")
        self.addCleanup(self.set_default, "publishClientReceive", "true")
        deaf = self.subscribe(self.topic(), *reader)
        admin = self.subscribe("$CONTROL/#", *ADMIN)
        self.publish(self.topic(), "meanwhile", "-q", "1", *user)
        self.set_default("publishClientReceive", "true")
        admin.wait_for("setDefaultACLAccess")
        again = self.subscribe(self.topic(), *reader)
        self.publish(self.topic(), "after", "-q", "1", *user)
        again.wait_for("after")
        self.assertFalse(deaf.lines("meanwhile"))

    def test_who_is_disabled_deleted_or_changed_is_disconnected(self):
        role = self.role("subscribePattern # allow")
        for number, change in enumerate((["disableClient", None], ["deleteClient", None], ["setClientPassword", None, "other"],
                                         ["removeClientRole", None, role])):
            user, name = self.user(f"user{number}", role)
            tool = self.subscribe(self.topic(str(number)), *user)
            self.control(*[name if part is None else part for part in change])
            tool.wait_for(r"DISCONNECT \(152\)")
            if number < 3:
                self.assertNotEqual(self.publish("x", "1", *user).returncode, 0)

    def test_a_changed_role_disconnects_those_who_have_it(self):
        role = self.role("subscribePattern # allow")
        user, name = self.user("user", role)
        tool = self.subscribe(self.topic(), *user)
        self.control("addRoleACL", role, "publishClientReceive", self.topic(), "deny")
        tool.wait_for(r"DISCONNECT \(152\)")

    def test_orders_are_for_those_who_may_give_them(self):
        user, _ = self.user("plain", self.role("subscribePattern # allow", "publishClientSend # allow"))
        reader = self.subscribe("$CONTROL/dynamic-security/v1/response", *ADMIN)
        order = '{"commands":[{"command":"createClient","username":"intruder","password":"x"}]}'
        eve, _ = self.user("eve")
        refused = self.publish("$CONTROL/dynamic-security/v1", order, "-q", "1", "-d", *eve)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        self.assertNotIn("intruder", self.control("listClients"))
        for qos in "012":
            asked = order.replace("intruder", f"friend{qos}")
            self.assertEqual(self.publish("$CONTROL/dynamic-security/v1", asked, "-q", qos, *ADMIN).returncode, 0)
            wait_until(lambda: f"friend{qos}" in self.control("listClients"), "the client was created")
        reader.wait_for("createClient")
        self.assertFalse(reader.lines("^\\$CONTROL/dynamic-security/v1 "))

    def test_what_was_made_survives_a_restart(self):
        user, name = self.user("kept", self.role("subscribePattern # allow"))
        self.assertIn(name, self.file.read_text())
        self.broker.signal(harness.signal.SIGTERM)
        self.assertEqual(self.broker.process.wait(harness.DEADLINE_S), 0)
        self.broker.start()
        self.subscribe(self.topic(), *user)


def build(folder, source, name, *flags):
    """As a plugin's author would."""
    built = Path(folder) / f"{name}.so"
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-shared", "-fPIC", *flags, str(SOURCES / source), "-o", str(built)],
                   check=True)
    return built


@unittest.skipUnless(testing_tombo(), "it wants events that Debian's broker does not have")
class Recorder(GuestTest):
    """Everything that version 5 has, those events included that 2.1 has added."""

    plugin_options = ["greeting=hello"]

    @classmethod
    def make_plugin(cls):
        return build(cls.folder.name, "recorder.c", "recorder")

    me = ["-u", "me", "-P", "pw"]

    def recorded(self, event):
        """Messages about one kind of event, from now on."""
        return self.subscribe(f"recorded/{event}", *self.me)

    def test_logins_are_judged(self):
        for user, password, code in (("a", "pw", 0), ("a", "no", 1), ("broken", "pw", 1), ("unknown", "pw", 1)):
            done = self.publish(self.topic(), "x", "-u", user, "-P", password, "-q", "1")
            self.assertEqual(done.returncode == 0, code == 0, (user, done.stdout + done.stderr))
        # Nobody has an opinion of those without a name, so allow_anonymous decides.
        self.assertEqual(self.publish(self.topic(), "x", "-q", "1").returncode, 0)

    def test_a_login_may_be_given_another_name(self):
        tool = self.recorded("connect")
        self.publish(self.topic(), "x", "-u", "renamed", "-P", "pw", "-i", "r1")
        tool.wait_for("id=r1 user=other")
        self.publish(self.topic(), "x", "-u", "nameless", "-P", "pw", "-i", "r2")
        tool.wait_for("id=r2 user=-")
        refused = self.publish(self.topic("only-other"), "x", "-q", "1", "-d", *self.me)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        allowed = self.publish(self.topic("only-other"), "x", "-q", "1", "-d", "-u", "renamed", "-P", "pw")
        self.assertNotRegex(allowed.stdout + allowed.stderr, "RC:135|[Nn]ot authori")

    def test_a_client_may_be_renamed_later(self):
        reader = self.subscribe(self.topic("#"), "-q", "1", "-u", "renamed", "-P", "pw")
        client = PahoClient(self.port, paho.MQTTv5, connect=False)
        client.paho.username_pw_set("me", "pw")
        client.connect()
        for topic, text in ((self.topic("only-other"), "before"), ("$CONTROL/recorder/v1", "rename other"),
                            (self.topic("only-other"), "after")):
            client.paho.publish(topic, text, qos=1).wait_for_publish(harness.DEADLINE_S)
        reader.wait_for("only-other after")
        self.assertFalse(reader.lines("before"))
        client.paho.disconnect()
        client.paho.loop_stop()

    def test_accesses_are_judged(self):
        for leaf, refused in (("open", False), ("no-write", True), ("defer", True)):
            done = self.publish(self.topic(leaf), "x", "-q", "1", "-d", *self.me)
            self.assertEqual(bool(re.search("RC:135|[Nn]ot authori", done.stdout + done.stderr)), refused, leaf)
        for leaf in ("no-subscribe", "defer"):
            tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic(leaf), *self.me))
            tool.wait_for(r"denied|\): 135")

    def test_what_may_not_be_read_is_not_and_the_rest_keeps_its_order(self):
        tool = self.subscribe(self.topic("#"), "-q", "2", *self.me)
        feeder = self.run_tool(*self.client("mosquitto_pub", "-V", "5", "-q", "1", "-l", "-t", self.topic("by-payload"), *self.me),
                               stdin=subprocess.PIPE)
        for number in range(500):
            feeder.process.stdin.write(f"never-{number}\n" if number % 3 == 0 else f"m{number}.\n")
        feeder.process.stdin.close()
        self.publish(self.topic("no-read"), "hidden", "-q", "1", *self.me)
        tool.wait_for(r" m499\.$")
        got = [int(re.search(r" m(\d+)\.$", line).group(1)) for line in tool.lines(r" m\d+\.$")]
        self.assertEqual(got, [number for number in range(500) if number % 3 != 0])
        self.assertFalse(tool.lines("never-|hidden"))

    def test_what_was_kept_for_a_client_that_was_away_is_judged_when_it_comes(self):
        session = ["-i", "away", "-c", "-x", "100", "-q", "1"]
        first = self.subscribe(self.topic("#"), *session, *self.me)
        first.process.terminate()
        first.wait_exit()
        self.publish(self.topic("no-read"), "hidden", "-q", "1", *self.me)
        self.publish(self.topic("open"), "seen", "-q", "1", *self.me)
        again = self.subscribe(self.topic("#"), *session, *self.me)
        again.wait_for("open seen")
        self.assertFalse(again.lines("hidden"))

    def test_unsubscribing_is_judged(self):
        # mosquitto_sub ends before it is told.
        client = PahoClient(self.port, paho.MQTTv5, connect=False)
        client.paho.username_pw_set("me", "pw")
        codes = []
        client.paho.on_unsubscribe = lambda _client, _data, _mid, _properties, reasons: codes.append(
            [code.value for code in (reasons if isinstance(reasons, list) else [reasons])])
        client.connect()
        topics = [self.topic("no-unsubscribe"), self.topic("free")]
        client.paho.subscribe([(topic, paho.SubscribeOptions(qos=1)) for topic in topics])
        client.wait(lambda: client.subscribed, "SUBACK")
        client.paho.unsubscribe(topics)
        wait_until(lambda: codes, "UNSUBACK")
        self.assertEqual(codes, [[135, 0]])
        self.publish(topics[0], "still", "-q", "1", *self.me)
        client.wait(lambda: client.messages, "what could not be unsubscribed still comes")
        client.paho.disconnect()
        client.paho.loop_stop()

    def test_messages_are_changed_and_refused(self):
        tool = self.subscribe("loud/#", "-q", "1", "-F", "%t %p %P", *self.me)
        self.publish("shout/x", "hello", "-q", "1", *self.me)
        tool.wait_for("loud/x HELLO made:loud")
        refused = self.publish(self.topic("refused"), "x", "-q", "1", "-d", *self.me)
        self.assertRegex(refused.stdout + refused.stderr, "RC:151|[Qq]uota")

    def test_messages_are_changed_and_kept_back_on_their_way_out(self):
        one = self.subscribe(self.topic("#"), "-q", "1", "-i", "one", *self.me)
        two = self.subscribe(self.topic("#"), "-q", "0", "-i", "two", *self.me)
        self.publish(self.topic("keep-back"), "hidden", "-q", "1", *self.me)
        self.publish(self.topic("sign"), "hello", "-q", "1", *self.me)
        one.wait_for("hello@one$")
        two.wait_for("hello@two$")
        self.assertFalse(one.lines("hidden") + two.lines("hidden"))

    def order(self, text, *more):
        return self.publish("$CONTROL/recorder/v1", text, "-q", "1", "-d", *self.me, *more)

    def test_orders_reach_the_plugin_and_nobody_else(self):
        eaves = self.subscribe("$CONTROL/#", *self.me)
        tool = self.recorded("control")
        for qos in "012":
            self.assertEqual(self.publish("$CONTROL/recorder/v1", f"order{qos}", "-q", qos, *self.me).returncode, 0)
        tool.wait_for("order[012]", count=3)
        refused = self.order("refuse")
        self.assertRegex(refused.stdout + refused.stderr, "RC:151|[Qq]uota")
        self.assertEqual(self.publish("$CONTROL/nobody/v1", "x", "-q", "1", *self.me).returncode, 0)
        self.assertFalse(eaves.lines("order|refuse"))

    def test_clients_are_kicked_with_and_without_their_wills(self):
        wills = self.subscribe(self.topic("will/#"), *self.me)
        ended = self.recorded("disconnect")
        def victim(name, user="me"):
            return self.subscribe("nothing", "-i", name, "-u", user, "-P", "pw", "--will-topic", self.topic(f"will/{name}"), "--will-payload",
                                  "gone")
        loud, quiet, named = victim("loud"), victim("quiet"), victim("named", "victim")
        self.order("quietly quiet")
        quiet.wait_for(r"DISCONNECT \(152\)")
        self.order("kick loud")
        loud.wait_for(r"DISCONNECT \(152\)")
        self.order("user victim")
        named.wait_for(r"DISCONNECT \(152\)")
        wills.wait_for("will/loud gone")
        wills.wait_for("will/named gone")
        ended.wait_for("id=loud reason=152")
        self.assertFalse(wills.lines("will/quiet"))

    def test_a_message_for_one_client_is_not_for_others(self):
        one = self.subscribe("nothing", "-i", "chosen", *self.me)
        other = self.subscribe("only/#", *self.me)
        self.order("tell chosen")
        one.wait_for("only/for/you psst!")
        self.order("tell nobody-of-this-name")
        self.publish("only/end", "end", *self.me)
        other.wait_for("only/end")
        self.assertFalse(other.lines("psst"))

    def test_comings_and_goings_are_told(self):
        came, went, away = self.recorded("connect"), self.recorded("disconnect"), self.recorded("offline")
        subscribed, unsubscribed = self.recorded("subscribe"), self.recorded("unsubscribe")
        tool = self.subscribe("told/#", "-i", "guest-1", "-k", "77", "-c", "-x", "50", "-q", "2", "-D", "subscribe", "subscription-identifier",
                              "5", "-U", "other", *self.me)
        came.wait_for("id=guest-1 user=me address=127.0.0.1 protocol=0 version=5 keepalive=77 clean=0 subscriptions=0 certificate=no")
        subscribed.wait_for("id=guest-1 filter=told/# options=2 identifier=5")
        tool.process.terminate()
        went.wait_for("id=guest-1 reason=[04]")  # mosquitto_sub that is ended asks for its will
        away.wait_for("id=guest-1")
        self.publish("x", "1", "-i", "guest-2", *self.me, version="mqttv311")
        came.wait_for("id=guest-2 .*version=4")
        went.wait_for("id=guest-2")
        self.assertFalse(away.lines("guest-2"))
        del unsubscribed

    def test_enhanced_authentication_goes_its_steps(self):
        came = self.recorded("connect")
        for answer, code in ((b"drawkcab", 0), (b"wrong", 0x87)):
            self.assertEqual(exchange(self.port, b"ECHO", b"hello", b"backward", answer), code)
        came.wait_for("id=echo user=echo")
        self.assertEqual(exchange(self.port, b"OTHER", b"hello", b"", b""), 0x8C)

    def test_what_it_retains_at_its_beginning_is_there(self):
        self.recorded("begin").wait_for("recorded/begin hello")

    def test_it_ticks_and_reloads_and_its_persistence_is_refused(self):
        wait_until(lambda: "has ticked 3 times" in self.broker.log(), "ticks")
        log = self.broker.log()
        self.assertIn("persistence event", log)
        self.assertIn("greets with hello", log)
        self.assertNotIn("was registered twice", log)
        self.broker.sections = self.sections.replace("greeting=hello", "greeting=again")
        self.broker.write_config()
        self.broker.signal(harness.signal.SIGHUP)
        wait_until(lambda: "greeting=again" in self.broker.log(), "it hears of its new options")


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


@unittest.skipUnless(testing_tombo(), "cache_verdicts is tombo's")
class Remembered(GuestTest):
    """A verdict that may be remembered is not asked for again, until a reload."""

    plugin_options, plugin_more = ["greeting=hello"], "cache_verdicts = true"
    me = ["-u", "me", "-P", "pw"]

    @classmethod
    def make_plugin(cls):
        return build(cls.folder.name, "recorder.c", "recorder")

    def test_what_was_said_once_holds_until_a_reload(self):
        tool = self.subscribe(self.topic("#"), "-q", "1", *self.me)
        self.publish(self.topic("by-payload"), "welcome", "-q", "1", *self.me)
        tool.wait_for("welcome")
        # It would deny this one for its payload, and is not asked.
        self.assertEqual(self.publish(self.topic("by-payload"), "never-1", "-q", "1", *self.me).returncode, 0)
        tool.wait_for("never-1")
        self.publish(self.topic("no-read"), "hidden", "-q", "1", *self.me)
        self.broker.signal(harness.signal.SIGHUP)
        wait_until(lambda: "reload 1 " in self.broker.log(), "it has heard of the reload")
        # The rights are read anew a moment later; from then on it is asked, and denies.
        def asked_again():
            self.publish(self.topic("by-payload"), "never-2", "-q", "1", *self.me)
            before = len(tool.lines("never-2"))
            self.publish(self.topic("end"), "end", "-q", "1", *self.me)
            return len(tool.lines("never-2")) == before
        wait_until(asked_again, "it is asked again")
        self.publish(self.topic("by-payload"), "never-3", "-q", "1", *self.me)
        self.publish(self.topic("end"), "over", "-q", "1", *self.me)
        tool.wait_for("over")
        self.assertFalse(tool.lines("never-3|hidden"))


class Several(unittest.TestCase):
    """Several plugins are asked in turn, until one has an opinion."""

    SUCCESS, DENIED, DEFER, IGNORE = 0, 12, 17, 32

    def allowed(self, *answers):
        with tempfile.TemporaryDirectory(prefix="tombo-guests-") as folder:
            built = [build(folder, "answers.c", f"answers{number}", f"-DANSWER={answer}") for number, answer in enumerate(answers)]
            broker = Broker(sections="".join(section(f"p{number}", path) for number, path in enumerate(built)),
                            mosquitto="\n".join(conf(path) for path in built)).start()
            done = subprocess.run(["mosquitto_pub", "-h", HOST, "-p", str(broker.port), "-V", "5", "-q", "1", "-d", "-t", "x", "-m", "x"],
                                  capture_output=True, text=True, timeout=harness.DEADLINE_S)
            broker.stop()
            return not re.search("RC:135|[Nn]ot authori", done.stdout + done.stderr)

    def test_the_first_opinion_counts(self):
        self.assertTrue(self.allowed(self.SUCCESS, self.DENIED))
        self.assertFalse(self.allowed(self.DENIED, self.SUCCESS))
        self.assertTrue(self.allowed(self.DEFER, self.SUCCESS))
        self.assertFalse(self.allowed(self.DEFER, self.DENIED))

    def test_without_an_opinion_it_is_a_no(self):
        self.assertFalse(self.allowed(self.DEFER))
        self.assertFalse(self.allowed(self.DEFER, self.DEFER))

    @unittest.skipUnless(testing_tombo(), "since 2.1")
    def test_who_ignores_the_question_does_not_count(self):
        self.assertTrue(self.allowed(self.IGNORE))
        self.assertFalse(self.allowed(self.IGNORE, self.DEFER))
        self.assertFalse(self.allowed(self.DEFER, self.IGNORE))
        self.assertTrue(self.allowed(self.IGNORE, self.SUCCESS))


class Goodbye(unittest.TestCase):
    def run_with(self, sections):
        broker = Broker(sections=sections)
        broker.launch()
        self.addCleanup(lambda: broker.process and broker.process.poll() is None and broker.process.kill())
        return broker

    def setUp(self):
        if not testing_tombo():
            self.skipTest("tombo's own words")
        self.folder = tempfile.TemporaryDirectory(prefix="tombo-guests-")
        self.addCleanup(self.folder.cleanup)

    def test_a_plugin_cleans_up_at_the_end(self):
        recorder = build(self.folder.name, "recorder.c", "recorder")
        broker = Broker(sections=section("guest", recorder, ["greeting=hi"])).start()
        broker.signal(harness.signal.SIGTERM)
        self.assertEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("says goodbye after hi with 1 options, 14 callbacks", broker.log())

    def test_a_plugin_that_cannot_begin_keeps_the_broker_from_starting(self):
        recorder = build(self.folder.name, "recorder.c", "recorder")
        broker = self.run_with(section("guest", recorder, ["greeting=fail"]))
        self.assertNotEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("plugin 'guest': its initialisation failed with error 13", broker.log())

    def test_one_file_serves_one_section(self):
        recorder = build(self.folder.name, "recorder.c", "recorder")
        broker = self.run_with(section("guest", recorder) + section("again", recorder))
        self.assertNotEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("is named twice", broker.log())

    def test_a_version_that_is_unknown_is_named(self):
        old = build(self.folder.name, "old.c", "old", "-DVERSION=3")
        odd = Path(self.folder.name) / "odd.c"
        odd.write_text("int mosquitto_auth_plugin_version(void) { return 1; }\n")
        built = Path(self.folder.name) / "odd.so"
        subprocess.run(["cc", "-shared", "-fPIC", str(odd), "-o", str(built)], check=True)
        broker = self.run_with(section("odd", built) + section("wrong", old, more='kind = "tombo"'))
        self.assertNotEqual(broker.process.wait(harness.DEADLINE_S), 0)
        self.assertIn("it has version 1 of Mosquitto's plugin interface, this broker has 5, 4, 3 and 2", broker.log())
        self.assertIn('kind = "mosquitto"', broker.log())


class Old:
    """The interfaces before 5, which know logins and rights."""

    plugin_options = ["word=first"]

    @classmethod
    def make_plugin(cls):
        return build(cls.folder.name, "old.c", f"old{cls.version}", f"-DVERSION={cls.version}")

    alice = ["-u", "alice", "-P", "pw"]

    def test_logins(self):
        self.assertEqual(self.publish("x", "1", "-q", "1", *self.alice).returncode, 0)
        self.assertNotEqual(self.publish("x", "1", "-u", "alice", "-P", "no").returncode, 0)
        self.assertNotEqual(self.publish("x", "1", "-u", "unknown", "-P", "pw").returncode, 0)

    def test_rights(self):
        for leaf, arguments, refused in (("open", self.alice, False), ("no-write", self.alice, True), ("defer", self.alice, True),
                                         ("only-alice", self.alice, False), ("only-alice", ["-u", "bob", "-P", "pw"], True),
                                         ("only-one", [*self.alice, "-i", "one"], False), ("only-one", [*self.alice, "-i", "two"], True)):
            done = self.publish(self.topic(leaf), "x", "-q", "1", "-d", *arguments)
            self.assertEqual(bool(re.search("RC:135|[Nn]ot authori", done.stdout + done.stderr)), refused, (leaf, arguments))
        tool = self.subscribe(self.topic("#"), *self.alice)
        self.publish(self.topic("no-read"), "hidden", "-q", "1", *self.alice)
        self.publish(self.topic("open"), "seen", "-q", "1", *self.alice)
        tool.wait_for("open seen")
        self.assertFalse(tool.lines("hidden"))
        if self.version > 2:
            tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic("no-subscribe"), *self.alice))
            tool.wait_for(r"denied|\): 135")
            never = self.publish(self.topic("by-payload"), "never", "-q", "1", "-d", *self.alice)
            self.assertRegex(never.stdout + never.stderr, "RC:135|[Nn]ot authori")

    def test_names_with_wildcards_have_no_rights(self):
        for client_id, refused in (("plain", False), ("every#", True), ("so+me", True)):
            done = self.publish(self.topic("open"), "x", "-q", "1", "-d", "-i", client_id, *self.alice)
            self.assertEqual(bool(re.search("RC:135|[Nn]ot authori", done.stdout + done.stderr)), refused, client_id)

    def test_reload(self):
        if not testing_tombo():
            self.skipTest("tombo's own log")
        self.assertIn(f"old {self.version} begins with 1 options: first", self.broker.log())
        self.broker.signal(harness.signal.SIGHUP)
        wait_until(lambda: "old security begins reload=1 generation=2" in self.broker.log(), "security begins anew")
        self.assertIn("old security ends reload=1", self.broker.log())


class Version4(Old, GuestTest):
    version = 4

    def test_enhanced_authentication(self):
        self.assertEqual(exchange(self.port, b"WORD", b"open", b"", b""), 0)
        self.assertEqual(exchange(self.port, b"WORD", b"shut", b"WORD", b"sesame"), 0)
        self.assertNotEqual(exchange(self.port, b"WORD", b"shut", b"WORD", b"simsim"), 0)


class Version3(Old, GuestTest):
    version = 3


class Version2(Old, GuestTest):
    version = 2


if __name__ == "__main__":
    main()
