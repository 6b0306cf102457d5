"""What one listener says differently from the others, and limits that Mosquitto's users know, by real clients."""

import http.client
import json
import os
import signal
import socket
import unittest

import harness
from harness import DEADLINE_S, HOST, main, testing_tombo, wait_until
from secured import SecuredTest, free_port, on_port, tables, write_password


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class ListenerFiles(SecuredTest):
    """password_file and acl_file of a listener."""

    def setUp(self):
        super().setUp()
        self.other = free_port()
        self.users, self.rules = self.folder / "users", self.folder / "rules"
        write_password(self.users, "anna", "secret")
        self.rules.write_text("user anna\ntopic readwrite mine/#\n")

    def start_both(self):
        self.start(sections=tables("listener", on_port(
            self.other, f'password_file = "{self.users}"', f'acl_file = "{self.rules}"', 'anonymous = "refuse"')))

    def test_users_and_rules_are_the_listeners_own(self):
        self.start_both()
        reader = self.subscriber("#", port=self.port)
        self.assert_published("-t", "free/x", port=self.port)
        self.assert_refused("anna", "-u", "anna", "-P", "wrong", port=self.other)
        self.assert_refused("refused", port=self.other)
        self.assert_published("-u", "anna", "-P", "secret", "-t", "mine/x", "-m", "allowed", port=self.other)
        self.publish("-u", "anna", "-P", "secret", "-q", 1, "-t", "free/y", "-m", "forbidden", port=self.other)
        self.assert_published("-t", "free/z", "-m", "last", port=self.port)
        reader.wait_for("free/z last")
        self.assertTrue(reader.lines("^mine/x allowed"))
        self.assertFalse(reader.lines("^free/y"))

    def test_they_are_read_again_when_they_change(self):
        self.start_both()
        write_password(self.users, "bert", "new")
        wait_until(lambda: self.publish("-u", "bert", "-P", "new", "-t", "x", "-n", port=self.other).returncode == 0, "bert may come in")
        # What cannot be read leaves all as it was.
        before = len(self.broker.log())
        self.rules.write_text("no rule at all\n")
        self.logged("rules:1", before)
        self.logged("stays as it was", before)
        reader = self.subscriber("mine/#", "-u", "anna", "-P", "secret", port=self.other)
        self.assert_published("-u", "anna", "-P", "secret", "-t", "mine/x", "-m", "allowed", port=self.other)
        reader.wait_for("mine/x allowed")
        before = len(self.broker.log())
        self.rules.write_text("user anna\ntopic readwrite theirs/#\n")
        self.logged("loses its subscription to mine/#", before)

    def test_a_file_that_is_not_there_refuses_the_start(self):
        self.rules.unlink()
        broker = harness.Broker(sections=tables("listener", on_port(self.other, f'acl_file = "{self.rules}"')))
        broker.launch()
        self.assertEqual(broker.process.wait(DEADLINE_S), 1)
        self.assertIn(str(self.rules), broker.log())


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class MountPoint(SecuredTest):
    def setUp(self):
        super().setUp()
        self.inside = free_port()
        self.start(sections=tables("listener", on_port(self.inside, 'mount_point = "site-1/"')))

    def test_inside_there_is_a_tree_of_its_own(self):
        outside = self.subscriber("#", port=self.port)
        for version in ("mqttv311", "mqttv5"):
            inside = self.subscriber("#", "-V", version, port=self.inside)
            self.assert_published("-t", "t", "-m", f"{version} from inside", port=self.inside)
            self.assert_published("-t", "site-1/t", "-m", f"{version} from outside", port=self.port)
            self.assert_published("-t", "t", "-m", f"{version} elsewhere", port=self.port)
            self.assert_published("-t", "site-1/end", "-m", version, port=self.port)
            inside.wait_for(f"^end {version}")
            self.assertEqual(inside.lines("^t "), [f"t {version} from inside", f"t {version} from outside"])
            outside.wait_for(f"^site-1/t {version} from inside")

    def test_shared_subscriptions_retained_messages_and_wills(self):
        self.assert_published("-t", "kept", "-m", "retained", "-r", port=self.inside)
        shared = self.subscriber("$share/g/s", port=self.inside)
        self.assert_published("-t", "site-1/s", "-m", "shared", port=self.port)
        shared.wait_for("^s shared")
        outside = self.subscriber("site-1/#", port=self.port)
        outside.wait_for("^site-1/kept retained")
        dying = self.subscriber("x", "--will-topic", "gone", "--will-payload", "will", port=self.inside)
        dying.kill()
        outside.wait_for("^site-1/gone will")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class ClientIds(SecuredTest):
    def test_of_each_kind(self):
        named, closed = free_port(), free_port()
        self.start(listener='auto_id_prefix = "auto-"', sections=tables(
            "listener", on_port(named, "client_id_from_user_name = true"), on_port(closed, 'empty_client_id = "refuse"')))
        self.assert_published("-V", "mqttv311", port=self.port)  # without an id
        self.logged("client auto-")
        self.assert_published("-i", "ignored", "-u", "anna", port=named)
        self.logged("client anna connected")
        self.assert_refused("refused", "-i", "nobody", port=named)
        self.assert_published("-i", "given", port=closed)
        self.assert_refused("refused", "-V", "mqttv5", port=closed)

    def test_that_must_begin_as_the_operator_wants(self):
        self.start(sections='[mqtt]\nclient_id_prefixes = ["sensor-", "gateway-"]')
        self.assert_published("-i", "sensor-1", port=self.port)
        self.assert_published("-i", "gateway-1", "-V", "mqttv5", port=self.port)
        self.assert_refused("refused", "-i", "other", port=self.port)
        self.assert_refused("refused", "-i", "other", "-V", "mqttv5", port=self.port)


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Limits(SecuredTest):
    def test_a_payload_that_is_too_long_reaches_nobody(self):
        self.start(sections="[limits]\npayload_bytes_max = 10")
        reader = self.subscriber("t", port=self.port)
        for version in ("mqttv311", "mqttv5"):
            for qos in (0, 1, 2):
                self.publish("-V", version, "-q", qos, "-t", "t", "-m", "x" * 11, port=self.port)
        self.assert_published("-t", "t", "-m", "x" * 10, port=self.port)
        reader.wait_for("^t x+")
        self.assertEqual(reader.lines("^t "), ["t " + "x" * 10])

    def test_qos_that_is_raised(self):
        self.start(sections="[mqtt]\nupgrade_outgoing_qos = true")
        reader = self.tool("mosquitto_sub", "-d", "-F", "got %q", "-q", 2, "-t", "t", "-p", self.port)
        reader.wait_for("Subscribed")
        self.publish("-q", 0, "-t", "t", "-m", "x", port=self.port)
        reader.wait_for("^got 2")

    def test_retained_messages_are_forgotten(self):
        self.start(sections="[limits]\nretained_expiry_s = 2")
        self.assert_published("-t", "r", "-m", "kept", "-r", port=self.port)
        self.subscriber("r", port=self.port).wait_for("^r kept")

        def forgotten():
            run = harness.subprocess.run(["mosquitto_sub", "-p", str(self.port), "-t", "r", "-W", "1"], capture_output=True,
                                         text=True, timeout=60, check=False, preexec_fn=harness.end_with_parent)
            return "kept" not in run.stdout

        wait_until(forgotten, "the retained message is gone")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class ControlTopic(SecuredTest):
    def test_lists_listeners_for_whom_rules_let(self):
        rules = self.folder / "rules"
        rules.write_text("topic readwrite $CONTROL/broker/v1/#\n")
        self.start(sections=f'[mqtt]\ncontrol_api = true\n[acl]\nfile = "{rules}"')
        asked = self.tool("mosquitto_rr", "-p", self.port, "-t", "$CONTROL/broker/v1", "-e", "$CONTROL/broker/v1/response", "-m",
                          json.dumps({"commands": [{"command": "listListeners", "correlationData": "me"}]}))
        answer = json.loads(asked.wait_for("responses")[0])["responses"][0]
        self.assertEqual(answer["correlationData"], "me")
        self.assertEqual(answer["data"]["listeners"], [{"port": self.port, "protocol": "mqtt", "tls": False}])


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class HttpDirectory(SecuredTest):
    def setUp(self):
        super().setUp()
        self.www = self.folder / "www"
        self.www.mkdir()
        (self.folder / "secret").write_text("not for you")
        (self.www / "index.html").write_text("<p>hello")
        self.large = os.urandom(3 << 20)
        (self.www / "large.bin").write_bytes(self.large)
        self.web = free_port()
        self.start(sections=tables("listener", on_port(self.web, 'protocol = "websocket"', f'http_directory = "{self.www}"')))
        wait_until(lambda: self.get("/")[0] == 200, "files are given")

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection(HOST, self.web, timeout=DEADLINE_S)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except ConnectionRefusedError:
            return 0, {}, b""
        finally:
            connection.close()

    def test_files_and_nothing_else(self):
        status, headers, body = self.get("/")
        self.assertEqual((status, headers["Content-Type"], body), (200, "text/html; charset=utf-8", b"<p>hello"))
        self.assertEqual(self.get("/", "HEAD")[2], b"")
        for path in ("/nothing", "/../secret", "/%2e%2e/secret", "//secret"):
            self.assertEqual(self.get(path)[0], 404, path)
        self.assertEqual(self.get("/", "POST")[0], 405)

    def test_a_large_file_arrives_whole(self):
        status, _, body = self.get("/large.bin")
        self.assertEqual(status, 200)
        self.assertTrue(body == self.large)

    def test_a_slow_reader_gets_it_too(self):
        with socket.create_connection((HOST, self.web), timeout=DEADLINE_S) as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            reader.sendall(b"GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n")
            # Others are served while it does not read.
            self.assertEqual(self.get("/large.bin")[2], self.large)
            got = b""
            while True:
                some = reader.recv(65536)
                if not some:
                    break
                got += some
        self.assertTrue(got.endswith(self.large))

    def test_changed_files_come_with_a_reload(self):
        (self.www / "index.html").write_text("<p>changed")
        self.assertEqual(self.get("/")[2], b"<p>hello")
        self.broker.signal(signal.SIGHUP)
        wait_until(lambda: self.get("/")[2] == b"<p>changed", "the file is read again")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class LogTimes(SecuredTest):
    def test_are_in_the_operators_form(self):
        self.start(sections='[log]\ntimestamp_format = "<%d.%m.%Y>"')
        self.broker.says(r"^<\d\d\.\d\d\.\d{4}> info app: tombo is ready")


if __name__ == "__main__":
    main()
