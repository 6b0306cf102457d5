"""Plugins of Mosquitto's interface in the running broker.

Those of tests/plugin_mosquitto, which are built against Debian's headers.  (test_dynamic_security.py, test_mosquitto_logins.py)
With BROKER=mosquitto the same cases run against Debian's broker, to check the tests themselves.
"""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import paho.mqtt.client as paho

import harness
from paho_client import PahoClient
from guests import GuestTest, build, conf, exchange, section
from harness import HOST, Broker, main, testing_tombo, wait_until


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
        first.terminate()
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
        subscribed = self.recorded("subscribe")
        tool = self.subscribe("told/#", "-i", "guest-1", "-k", "77", "-c", "-x", "50", "-q", "2", "-D", "subscribe", "subscription-identifier",
                              "5", "-U", "other", *self.me)
        came.wait_for("id=guest-1 user=me address=127.0.0.1 protocol=0 version=5 keepalive=77 clean=0 subscriptions=0 certificate=no")
        subscribed.wait_for("id=guest-1 filter=told/# options=2 identifier=5")
        tool.terminate()
        went.wait_for("id=guest-1 reason=[04]")  # mosquitto_sub that is ended asks for its will
        away.wait_for("id=guest-1")
        self.publish("x", "1", "-i", "guest-2", *self.me, version="mqttv311")
        came.wait_for("id=guest-2 .*version=4")
        went.wait_for("id=guest-2")
        self.assertFalse(away.lines("guest-2"))

    def test_what_is_given_up_is_told(self):
        told = self.recorded("unsubscribe")
        client = PahoClient(self.port, paho.MQTTv5, connect=False)
        client.paho.username_pw_set("me", "pw")
        client.connect()
        client.paho.subscribe([(topic, paho.SubscribeOptions(qos=1)) for topic in (self.topic("a"), self.topic("b"))])
        client.wait(lambda: client.subscribed, "SUBACK")
        client.paho.unsubscribe([self.topic("b"), self.topic("never-had")])
        told.wait_for(f"id={client.client_id} filter={self.topic('b')} ")
        client.paho.disconnect()
        client.paho.loop_stop()
        self.publish("x", "1", "-q", "1", *self.me)
        self.assertFalse(told.lines(f"filter={self.topic('a')} "))

    def test_who_is_offline_keeps_a_session(self):
        away, went = self.recorded("offline"), self.recorded("disconnect")
        for version, keeps in (("5", ["-c", "-x", "100"]), ("mqttv311", ["-c"])):
            for number, session in enumerate((keeps, [])):
                name = f"off-{version}-{number}"
                tool = self.subscribe("nothing", "-i", name, *session, *self.me, version=version)
                tool.terminate()
                went.wait_for(f"id={name} ")
                if session:
                    away.wait_for(f"id={name} ")
                else:
                    self.assertFalse(away.lines(f"id={name} "))
        # Another connection of the same client is the end of the first one, too.
        first = self.subscribe("nothing", "-i", "moves", "-c", "-x", "100", *self.me)
        self.subscribe("nothing", "-i", "moves", "-c", "-x", "100", *self.me)
        first.wait_for(r"DISCONNECT \(142\)")
        went.wait_for("id=moves reason=142")

    def test_enhanced_authentication_goes_its_steps(self):
        came = self.recorded("connect")
        for answer, code in ((b"drawkcab", 0), (b"wrong", 0x87)):
            self.assertEqual(exchange(self.port, b"ECHO", b"hello", b"backward", answer), code)
        came.wait_for("id=echo user=echo")
        self.assertEqual(exchange(self.port, b"OTHER", b"hello", b"", b""), 0x8C)

    def test_what_it_retains_at_its_beginning_is_there(self):
        self.recorded("begin").wait_for("recorded/begin hello")

    def test_it_ticks_and_reloads_and_its_persistence_is_refused(self):
        self.broker.says("has ticked 3 times")
        log = self.broker.log()
        self.assertIn("persistence event", log)
        self.assertIn("greets with hello", log)
        self.assertNotIn("was registered twice", log)
        self.broker.sections = self.sections.replace("greeting=hello", "greeting=again")
        self.broker.write_config()
        self.broker.signal(harness.signal.SIGHUP)
        self.broker.says("greeting=again")


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
        self.broker.says("reload 1 ")
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
        self.broker.says(f"old {self.version} begins with 1 options: first")
        self.broker.signal(harness.signal.SIGHUP)
        self.broker.says("old security begins reload=1 generation=2")
        self.broker.says("old security ends reload=1")


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
