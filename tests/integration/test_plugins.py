"""Plugins in the running broker: the example of tests/plugin_example, one that changes messages, and some that cannot be used.

  CC   the compiler that builds them (default: cc)
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from harness import HOST, ROOT, Broker, BrokerTest, Tool, free_port, main, wait_until

INCLUDE = ROOT / "include"
EXAMPLE = ROOT / "tests" / "plugin_example" / "example.c"
CHANGES = ROOT / "tests" / "integration" / "plugin_changes.c"


class Folder:
    """Where plugins are built, as their authors would."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="tombo-plugins-"))

    def build(self, source, name, *flags):
        built = self.path / f"{name}.so"
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-shared", "-fPIC", *flags, f"-I{INCLUDE}", str(source), "-o",
                        str(built)], check=True)
        return built

    def build_text(self, text, name):
        source = self.path / f"{name}.c"
        source.write_text(text)
        return self.build(source, name)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def section(name, path, options=()):
    listed = ", ".join(f'"{option}"' for option in options)
    return f'[[plugin]]\nname = "{name}"\npath = "{path}"\noptions = [{listed}]\n'


class PluginTest(BrokerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.sections = cls.make_sections()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.remove()

    def publish(self, topic, payload, *more):
        return subprocess.run(["mosquitto_pub", "-h", HOST, "-p", str(self.port), "-V", "5", "-t", topic, "-m", payload, *more],
                              capture_output=True, text=True, timeout=30)

    def subscribe(self, topic, *more):
        """Once SUBACK has come."""
        tool = self.run_tool("mosquitto_sub", "-h", HOST, "-p", str(self.port), "-V", "5", "-d", "-v", "-t", topic, *more)
        tool.wait_for("SUBACK|Subscribed")
        return tool


class Example(PluginTest):
    """Users in its options, private topics, and a count that it publishes."""

    @classmethod
    def make_sections(cls):
        cls.plugin = cls.folder.build(EXAMPLE, "example")
        return cls.sections_with("secret")

    @classmethod
    def sections_with(cls, password):
        options = [f"user.alice={password}", "user.bob=hunter2", "count_topic=example/connected", "count_ms=100"]
        return section("example", cls.plugin, options) + '[auth]\nbackends = ["plugin:example"]\n'

    def test_1_who_knows_the_password_comes_in(self):
        self.assertEqual(self.publish("t", "1", "-u", "alice", "-P", "secret").returncode, 0)
        self.assertNotEqual(self.publish("t", "1", "-u", "alice", "-P", "wrong").returncode, 0)
        self.assertNotEqual(self.publish("t", "1", "-u", "eve", "-P", "secret").returncode, 0)

    def test_2_private_topics_are_their_owners(self):
        alice = ["-u", "alice", "-P", "secret"]
        reader = self.subscribe("private/alice/#", *alice)
        self.publish("private/alice/x", "from-bob", "-q", "1", "-u", "bob", "-P", "hunter2")
        self.publish("private/alice/x", "from-alice", "-q", "1", *alice)
        reader.wait_for("private/alice/x from-alice")
        self.assertFalse(reader.lines("from-bob"))
        other = self.run_tool("mosquitto_sub", "-h", HOST, "-p", str(self.port), "-V", "5", "-d", "-t", "private/alice/#", "-u", "bob",
                              "-P", "hunter2")
        other.wait_for("All subscription requests were denied|Subscribed.*135|denied")

    def test_3_it_counts_clients_and_publishes(self):
        reader = self.subscribe("example/connected", "-u", "alice", "-P", "secret")
        reader.wait_for("example/connected 1$")
        self.subscribe("other", "-u", "bob", "-P", "hunter2")
        reader.wait_for("example/connected 2$")

    def test_4_new_options_come_with_a_reload(self):
        self.broker.sections = self.sections_with("changed")
        self.broker.write_config()
        self.broker.signal(harness.signal.SIGHUP)
        wait_until(lambda: self.publish("t", "1", "-u", "alice", "-P", "changed").returncode == 0, "the new password holds")
        self.assertNotEqual(self.publish("t", "1", "-u", "alice", "-P", "secret").returncode, 0)


class Changing(PluginTest):
    flags = []

    @classmethod
    def make_sections(cls):
        return section("changes", cls.folder.build(CHANGES, "changes", *cls.flags))

    def test_a_message_is_changed(self):
        reader = self.subscribe("#", "-q", "2")
        for qos in "012":
            self.assertEqual(self.publish("shout/x", f"hello{qos}", "-q", qos).returncode, 0)
            reader.wait_for(f"loud HELLO{qos}")
        self.publish("calm", "hello", "-q", "1")
        reader.wait_for("calm hello")
        self.assertFalse(reader.lines("shout/"))

    def test_a_message_is_refused(self):
        reader = self.subscribe("#")
        told = self.publish("no/x", "never", "-q", "1", "-d")
        self.assertRegex(told.stdout + told.stderr, "(?i)quota|RC:151|151")
        self.publish("yes", "after", "-q", "1")
        reader.wait_for("yes after")
        self.assertFalse(reader.lines("never"))

    def test_a_will_is_changed(self):
        reader = self.subscribe("loud")
        client = self.subscribe("nothing", "--will-topic", "shout/will", "--will-payload", "gone", "-i", "dies")
        client.kill()
        reader.wait_for("loud GONE")


    def test_a_client_is_kicked_and_the_plugin_says_so(self):
        reader = self.subscribe("kicked", "-q", "1")
        client = self.run_tool("mosquitto_sub", "-h", HOST, "-p", str(self.port), "-V", "5", "-d", "-t", "kick", "-i", "unwanted")
        client.wait_for("DISCONNECT \\(152\\)|[Aa]dministrative action|152")
        reader.wait_for("kicked unwanted")
        self.subscribe("kicked").wait_for("kicked unwanted")  # it is retained


class ChangingSerial(Changing):
    flags = ["-DSERIAL"]


class Delivering(PluginTest):
    @classmethod
    def make_sections(cls):
        return section("changes", cls.folder.build(CHANGES, "changes"))

    def test_each_subscriber_gets_its_own(self):
        plain = self.subscribe("t", "-q", "1")
        deaf = self.subscribe("t", "-q", "1", "-i", "deaf")
        small = self.subscribe("t", "-q", "1", "-i", "small")
        self.publish("t", "everything", "-q", "1")
        plain.wait_for("t everything")
        small.wait_for("t less")
        self.assertFalse(small.lines("everything"))
        self.assertFalse(deaf.lines("everything"))


class Stopping(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def test_a_plugin_says_goodbye(self):
        broker = Broker(sections=section("changes", self.folder.build(CHANGES, "changes"))).start()
        broker.signal(harness.signal.SIGTERM)
        self.assertEqual(broker.process.wait(30), 0)
        self.assertIn("says goodbye", broker.log())
        broker.process = None
        shutil.rmtree(broker.folder, ignore_errors=True)

    def refused(self, path, *more):
        """What tombo says and does with a plugin that it cannot use."""
        config = self.folder.path / "tombo.toml"
        config.write_text(f'allow_anonymous = true\n[[listener]]\naddress = "{HOST}"\nport = {free_port()}\n{section("bad", path)}')
        tool = Tool([harness.tombo_binary(), "-c", config, *more])
        self.addCleanup(tool.kill)
        code = tool.wait_exit()
        return code, tool.output()

    def test_another_version_keeps_the_broker_from_starting(self):
        path = self.folder.build_text(
            "#include <tombo/plugin.h>\nconst uint32_t tombo_plugin_api = 2u << 16;\n"
            "int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) "
            "{ (void)host; (void)start; return 0; }\n", "future")
        code, output = self.refused(path)
        self.assertNotEqual(code, 0)
        self.assertRegex(output, "plugin 'bad': .*built for version 2.0 of the plugin interface")

    def test_one_that_wants_what_the_broker_does_not_do(self):
        path = self.folder.build_text(
            "#include <tombo/plugin.h>\nTOMBO_PLUGIN_DECLARE;\n"
            "static int judge(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_access *access) "
            "{ (void)plugin; (void)ticket; (void)client; (void)access; return TOMBO_DENY; }\n"
            "static const struct tombo_plugin kCallbacks = {.size = sizeof kCallbacks, .authorize = judge, "
            ".flags = TOMBO_PLUGIN_CONCURRENT | TOMBO_PLUGIN_JUDGES_RECEIVING};\n"
            "int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) "
            "{ (void)host; start->callbacks = &kCallbacks; return 0; }\n", "judges")
        code, output = self.refused(path)
        self.assertNotEqual(code, 0)
        self.assertIn("plugin 'bad': it wants to judge each delivery", output)

    def test_one_that_is_not_there_or_none(self):
        code, output = self.refused("/nowhere/x.so")
        self.assertNotEqual(code, 0)
        self.assertIn("plugin 'bad'", output)
        code, output = self.refused("/nowhere/x.so", "--test-config")
        self.assertNotEqual(code, 0)
        self.assertIn("plugin 'bad': /nowhere/x.so: No such file", output)

    def test_a_look_at_the_configuration_runs_nothing(self):
        path = self.folder.build_text(
            "#include <tombo/plugin.h>\n#include <stdlib.h>\nTOMBO_PLUGIN_DECLARE;\n"
            "int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) "
            "{ (void)host; (void)start; abort(); }\n", "aborts")
        code, output = self.refused(path, "--test-config")
        self.assertEqual(code, 0, output)


if __name__ == "__main__":
    main()
