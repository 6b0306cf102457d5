"""TLS with real clients: mosquitto_pub and mosquitto_sub, Paho Python, openssl s_client."""

import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
from pathlib import Path

import paho.mqtt.client as paho

import harness
import raw_client
from certificates import Authority
from harness import DEADLINE_S, HOST, main, testing_tombo, wait_until
from paho_client import PahoClient
from raw_client import packet, text
from secured import SecuredTest, free_port, on_port, tables, write_password
from strace import env_of_traced, strace_reason

PSK = "000102030405060708090a0b0c0d0e0f"
OTHER_PSK = "ffffffffffffffffffffffffffffffff"


def s_client(port, *arguments, stdin=""):
    """openssl s_client: what it said and whether it ended well."""
    return subprocess.run(["openssl", "s_client", "-connect", f"{HOST}:{port}", *map(str, arguments)], input=stdin,
                          capture_output=True, text=True, timeout=60, check=False, preexec_fn=harness.end_with_parent)


def serial_shown(port, authority, name=None):
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.check_hostname = name is not None
    with socket.create_connection((HOST, port), timeout=DEADLINE_S) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secured:
            return secured.getpeercert()["serialNumber"]


def serial_of(certificate):
    run = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", certificate], capture_output=True, text=True,
                         timeout=60, check=True)
    return run.stdout.strip().removeprefix("serial=")


def over_tls(client, authority, certificate=None, key=None):
    client.paho.tls_set(ca_certs=str(authority.certificate), certfile=certificate and str(certificate),
                        keyfile=key and str(key))
    return client


class TlsTest(SecuredTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(folder=self.sub("ca"))
        self.trust = ["--cafile", self.authority.certificate]
        self.tls = free_port()

    def sub(self, name):
        path = self.folder / name
        path.mkdir()
        return path

    def server_lines(self, *names):
        """Certificates for the first listener's names."""
        made = [self.authority.server(name) for name in names or ("one.test",)]
        return [f"certificates = [{', '.join(quoted(one) for one, _ in made)}]",
                f"keys = [{', '.join(quoted(key) for _, key in made)}]"]


def quoted(path):
    return f'"{path}"'


class SlowRules(http.server.BaseHTTPRequestHandler):
    """Allows everything, "slow" after a moment."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["topic"] == "slow" and asked["action"] == "publish":
            time.sleep(0.5)
        body = b'{"result": "allow"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Goodbye(TlsTest):
    def setUp(self):
        super().setUp()
        rules = http.server.ThreadingHTTPServer((HOST, 0), SlowRules)
        threading.Thread(target=rules.serve_forever, daemon=True).start()
        self.addCleanup(rules.server_close)
        self.addCleanup(rules.shutdown)
        self.start(sections=f'[http]\nacl_url = "http://{HOST}:{rules.server_port}/"\n'
                   + tables("listener", on_port(self.tls, *self.server_lines())))

    def speak(self, *packets):
        """A client with a will whose last packets and close_notify come in one piece, the first of which has to wait."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.check_hostname = False
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(inward, outward)
        with socket.create_connection((HOST, self.tls), timeout=DEADLINE_S) as plain:
            def until_done(step):
                while True:
                    try:
                        done = step()
                        plain.sendall(outward.read())
                        return done
                    except ssl.SSLWantReadError:
                        plain.sendall(outward.read())
                        inward.write(plain.recv(65536))

            until_done(tls.do_handshake)
            will = text("will") + text("gone")
            body = text("MQTT") + bytes([4, 0x06]) + bytes(2) + text("speaker") + will
            tls.write(packet(raw_client.CONNECT, 0, body))
            until_done(lambda: tls.read(4))
            for each in packets:
                tls.write(each)
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass  # the answer to it, for which nobody waits
            plain.sendall(outward.read())
            plain.settimeout(DEADLINE_S)
            while plain.recv(65536):
                pass

    def test_what_came_with_it_is_heard_though_it_has_to_wait(self):
        watcher = self.subscriber("#", port=self.port)
        slow = packet(raw_client.PUBLISH, 0, text("slow") + b"first")
        after = packet(raw_client.PUBLISH, 0, text("after") + b"second")
        self.speak(slow, after, packet(raw_client.DISCONNECT, 0, b""))
        watcher.wait_for("slow first")
        watcher.wait_for("after second")
        self.assert_published("-t", "end", "-m", "here", port=self.port)
        watcher.wait_for("end here")
        self.assertNotIn("gone", watcher.output(), "it said goodbye")
        self.speak(slow)
        watcher.wait_for("slow first", count=2)
        watcher.wait_for("will gone")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Versions(TlsTest):
    def setUp(self):
        super().setUp()
        self.new_only = free_port()
        self.stalling, self.hurried, self.proxied = free_port(), free_port(), free_port()
        lines = self.server_lines("one.test", "two.test")
        self.start(sections=tables("listener", on_port(self.tls, *lines),
                                   on_port(self.new_only, 'tls_min = "1.3"', *lines),
                                   on_port(self.stalling, "tls_handshake_timeout_s = 1", *lines),
                                   on_port(self.hurried, "tls_handshakes_per_s = 2", *lines),
                                   on_port(self.proxied, 'proxy_protocol = "required"', f'proxy_networks = ["{HOST}"]', *lines)))

    def test_mosquitto_clients_in_both_versions(self):
        subscribed = self.subscriber("to/+", *self.trust, port=self.tls)
        self.assert_published(*self.trust, "--tls-version", "tlsv1.3", "-t", "to/3", port=self.tls)
        self.assert_published(*self.trust, "--tls-version", "tlsv1.2", "-t", "to/2", port=self.tls)
        subscribed.wait_for("to/3 here")
        subscribed.wait_for("to/2 here")

    def test_a_listener_for_1_3_only(self):
        self.assert_published(*self.trust, "--tls-version", "tlsv1.3", port=self.new_only)
        before = len(self.broker.log())
        refused = s_client(self.new_only, "-tls1_2")
        self.assertNotEqual(refused.returncode, 0, refused.stdout)
        self.logged("TLS: the client speaks only TLS 1.2", before)

    def test_versions_as_openssl_asks_for_them(self):
        for option, shown in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            run = s_client(self.tls, option, "-verify_return_error", "-CAfile", self.authority.certificate)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            self.assertIn(shown, run.stdout)
        before = len(self.broker.log())
        # At level 0 OpenSSL itself would still speak it.
        old = s_client(self.tls, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        self.assertNotEqual(old.returncode, 0, old.stdout)
        self.logged("TLS: the client speaks only TLS 1.1", before)

    def test_the_name_asked_for_chooses_the_certificate(self):
        for name, shown in (("one.test", "one.test"), ("two.test", "two.test"), ("elsewhere.test", "one.test")):
            run = s_client(self.tls, "-servername", name)
            self.assertRegex(run.stdout, rf"subject=CN = {shown}\n", f"{name}: {run.stdout}{run.stderr}")
        self.assertRegex(s_client(self.tls, "-noservername").stdout, r"subject=CN = one.test\n")

    def test_alpn(self):
        self.assertIn("ALPN protocol: mqtt", s_client(self.tls, "-alpn", "mqtt").stdout)
        self.assertIn("ALPN protocol: mqtt", s_client(self.tls, "-alpn", "x-other,mqtt").stdout)
        self.assertNotEqual(s_client(self.tls, "-alpn", "h2").returncode, 0)

    def test_sessions_are_resumed(self):
        session = self.folder / "session.pem"
        first = s_client(self.tls, "-tls1_2", "-sess_out", session)
        self.assertIn("New, TLSv1.2", first.stdout)
        again = s_client(self.tls, "-tls1_2", "-sess_in", session)
        self.assertIn("Reused, TLSv1.2", again.stdout, again.stderr)
        # The ticket of 1.3 comes behind the handshake, so the client must be there until then.
        ticket = self.folder / "ticket.pem"
        tool = self.tool("openssl", "s_client", "-connect", f"{HOST}:{self.tls}", "-tls1_3", "-sess_out", ticket,
                         stdin=subprocess.PIPE)
        wait_until(lambda: ticket.exists() and ticket.stat().st_size > 0, "a ticket has come")
        tool.process.stdin.close()
        tool.wait_exit()
        self.assertIn("Reused, TLSv1.3", s_client(self.tls, "-tls1_3", "-sess_in", ticket).stdout)

    def test_what_is_no_tls_is_named(self):
        connect = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02hi"
        for data, words in ((connect, "TLS: this is plain MQTT, not TLS"), (b"GET / HTTP/1.1\r\n\r\n", "plain HTTP"),
                            (b"\x00\x01\x02\x03\x04\x05garbage", "TLS: this is no TLS"),
                            (b"\x16\x03\x01\xff\xff" + bytes(20), "TLS: ")):
            before = len(self.broker.log())
            with socket.create_connection((HOST, self.tls), timeout=DEADLINE_S) as client:
                client.sendall(data)
                try:
                    while client.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
            self.logged(words, before)
        self.assert_published(*self.trust, port=self.tls)

    def test_a_handshake_that_stalls_is_ended_and_others_are_served(self):
        before = len(self.broker.log())
        with socket.create_connection((HOST, self.stalling), timeout=DEADLINE_S) as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01")
            self.assert_published(*self.trust, port=self.stalling)
            self.assertEqual(client.recv(4096), b"")
        self.logged("the TLS handshake takes too long", before)

    @unittest.skipUnless(shutil.which("haproxy") or Path("/usr/sbin/haproxy").exists(), "needs haproxy")
    def test_behind_haproxy_that_passes_tls_through(self):
        front = free_port()
        configuration = self.folder / "haproxy.cfg"
        configuration.write_text(
            "global\n  maxconn 100\ndefaults\n  mode tcp\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n"
            f"listen tls\n  bind {HOST}:{front}\n  server tombo {HOST}:{self.proxied} send-proxy-v2\n")
        self.tool(shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", configuration)

        def reached():
            with socket.socket() as probe:
                return probe.connect_ex((HOST, front)) == 0

        wait_until(reached, "haproxy listens")
        subscribed = self.subscriber("through", *self.trust, "-i", "behind", "-A", "127.0.0.2", port=front)
        self.logged("client behind connected from 127.0.0.2:")
        self.assert_published(*self.trust, "-t", "through", "-m", "tls", port=front)
        subscribed.wait_for("through tls")
        before = len(self.broker.log())
        self.assertNotEqual(s_client(self.proxied).returncode, 0)
        self.logged("PROXY: the connection does not begin with a PROXY header", before)

    def test_handshakes_of_a_second_are_limited_and_the_others_wait(self):
        for number in range(8):
            self.assert_published(*self.trust, "-i", f"hurried{number}", port=self.hurried)
        spread_s = self.seconds_between_connects(r"hurried\d", 8)
        self.assertGreaterEqual(spread_s, 1)  # four seconds of the broker's clock have two each, so it is two at least

    def test_paho_python(self):
        for version in (paho.MQTTv311, paho.MQTTv5):
            client = over_tls(PahoClient(self.tls, version, connect=False), self.authority)
            client.connect()
            client.subscribe(f"paho/{version}", 2)
            large = "x" * 300_000  # many records
            client.publish_done(f"paho/{version}", large, 2)
            self.assertEqual(client.wait_messages(1)[0].payload.decode(), large)
            client.disconnect()


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class ClientCertificates(TlsTest):
    def setUp(self):
        super().setUp()
        self.crl = self.folder / "revoked.pem"
        self.good = self.authority.client("good device")
        self.bad = self.authority.client("bad device")
        self.authority.write_crl(self.crl)
        self.optional = free_port()
        lines = [*self.server_lines(), f'ca_file = "{self.authority.certificate}"', 'user_name_from = "certificate_cn"']
        self.start(sections=tables(
            "listener",
            on_port(self.tls, 'client_certificate = "required"', f'crls = ["{self.crl}"]', *lines),
            on_port(self.optional, 'client_certificate = "optional"', 'anonymous = "allow"', *lines)))

    def shown(self, pair):
        certificate, key = pair
        return [*self.trust, "--cert", certificate, "--key", key]

    def test_the_user_is_the_common_name(self):
        self.subscriber("x", *self.shown(self.good), "-i", "device-1", port=self.tls)
        row = self.connected()["device-1"]
        self.assertEqual(row["user"], "good device")

    def test_a_user_name_in_connect_does_not_count(self):
        self.subscriber("x", *self.shown(self.good), "-i", "device-2", "-u", "admin", "-P", "x", port=self.tls)
        self.assertEqual(self.connected()["device-2"]["user"], "good device")

    def test_who_shows_none_or_a_bad_one_is_refused(self):
        stranger = Authority("Another Authority", self.sub("stranger"))
        self.assert_refused("certificate", *self.trust, port=self.tls)
        self.assert_refused("has expired", *self.shown(self.authority.client("old device", expired=True)), port=self.tls)
        self.assert_refused("is signed by an unknown authority", *self.shown(stranger.client("good device")), port=self.tls)
        self.assert_refused("is not meant for clients", *self.shown(self.authority.server("server.test")), port=self.tls)
        self.assert_refused("is signed by an unknown authority", *self.shown(stranger.client("other")), port=self.optional)
        self.assert_published(*self.shown(self.good), port=self.tls)

    def test_revoked_while_it_runs(self):
        self.assert_published(*self.shown(self.bad), port=self.tls)
        self.authority.revoke(self.bad[0])
        self.authority.write_crl(self.crl)
        wait_until(lambda: self.publish("-q", 1, "-t", "x", "-m", "x", *self.shown(self.bad), port=self.tls).returncode != 0,
                   "the revoked certificate is refused")
        self.assert_refused("was revoked", *self.shown(self.bad), port=self.tls)
        self.assert_published(*self.shown(self.good), port=self.tls)

    def test_paho_python_shows_one(self):
        client = over_tls(PahoClient(self.tls, paho.MQTTv5, client_id="paho-cert", connect=False), self.authority, *self.good)
        client.connect()
        self.assertEqual(self.connected()["paho-cert"]["user"], "good device")
        client.disconnect()


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class PreSharedKeys(TlsTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "psk"
        self.file.write_text(f"meter-1:{PSK}\n")
        self.start(sections=tables("listener", on_port(self.tls, f'psk_file = "{self.file}"', 'user_name_from = "psk_identity"')))

    def with_key(self, identity, key):
        return ["--psk", key, "--psk-identity", identity]

    def test_the_identity_is_the_user(self):
        self.subscriber("x", *self.with_key("meter-1", PSK), "-i", "m1", port=self.tls)
        self.assertEqual(self.connected()["m1"]["user"], "meter-1")

    def test_in_both_versions(self):
        for option in ("-tls1_2", "-tls1_3"):
            run = s_client(self.tls, option, "-psk", PSK, "-psk_identity", "meter-1")
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_wrong_key_and_an_unknown_identity(self):
        self.assert_refused('wrong key for PSK identity "meter-1"', *self.with_key("meter-1", OTHER_PSK), port=self.tls)
        self.assert_refused('unknown PSK identity "meter-9"', *self.with_key("meter-9", PSK), port=self.tls)

    def test_a_new_key_holds_without_a_restart(self):
        self.file.write_text(f"meter-1:{OTHER_PSK}\nmeter-2:{PSK}\n")
        send = ["-q", 1, "-t", "x", "-m", "x", *self.with_key("meter-2", PSK)]
        wait_until(lambda: self.publish(*send, port=self.tls).returncode == 0, "the new identity is known")
        self.assert_published(*self.with_key("meter-1", OTHER_PSK), port=self.tls)
        self.assert_refused("wrong key", *self.with_key("meter-1", PSK), port=self.tls)

    def test_files_are_watched_before_they_are_read(self):
        # Or what changes in between would be missed for as long as nothing else changes.
        if reason := strace_reason():
            self.skipTest(reason)
        trace = self.folder / "trace"
        broker = harness.Broker(listener=f'psk_file = "{self.file}"')
        broker.command = ["strace", "-D", "-f", "-e", "trace=inotify_add_watch,openat", "-o", str(trace), *broker.command]
        broker.env = env_of_traced()
        broker.start().stop()
        lines = trace.read_text(errors="replace").splitlines()
        watched = next(i for i, line in enumerate(lines) if "inotify_add_watch(" in line and f'"{self.folder}"' in line)
        read = next(i for i, line in enumerate(lines) if "openat(" in line and f'"{self.file}"' in line)
        self.assertLess(watched, read)

    def test_a_broken_file_keeps_the_old_keys(self):
        before = len(self.broker.log())
        self.file.write_text("meter-1:nothex\n")
        self.logged(f"{self.file}:1", before)
        self.logged("goes on with what it had", before)
        self.assert_published(*self.with_key("meter-1", PSK), port=self.tls)


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class ReloadUnderTraffic(TlsTest):
    """Files are replaced while messages flow: nobody is cut off and nothing is lost."""

    def setUp(self):
        super().setUp()
        self.certificate, self.psk, self.crl, self.passwords = (self.folder / name for name in
                                                                 ("server.pem", "psk", "crl.pem", "passwords"))
        self.secret = free_port()
        self.made = 0
        self.next_certificate("rename")
        self.psk.write_text(f"first:{PSK}\n")
        self.authority.write_crl(self.crl)
        write_password(self.passwords, "flow", "flow", "--hash", "pbkdf2")
        self.start(
            sections='[auth]\nbackends = ["passwords"]\n' f'[passwords]\nfile = "{self.passwords}"\n' + tables(
                "listener",
                on_port(self.tls, f'certificates = ["{self.certificate}"]', f'ca_file = "{self.authority.certificate}"',
                        'client_certificate = "optional"', f'crls = ["{self.crl}"]', 'anonymous = "refuse"'),
                on_port(self.secret, f'psk_file = "{self.psk}"', 'anonymous = "allow"')))

    def replace(self, path, text, way):
        if way == "rename":
            fresh = Path(f"{path}.fresh")
            fresh.write_text(text)
            fresh.rename(path)
        else:
            path.write_text(text)

    def next_certificate(self, way):
        """A new certificate and its key in the one file; gives its serial number."""
        self.made += 1
        certificate, key = self.authority.server("one.test", file=f"server-{self.made}")
        self.replace(self.certificate, certificate.read_text() + key.read_text(), way)
        return serial_of(certificate)

    def flow(self):
        """A subscriber, a publisher, and the thread that publishes until it is told to end."""
        ends = []
        for name in ("flow-in", "flow-out"):
            client = over_tls(PahoClient(self.tls, paho.MQTTv5, client_id=name, connect=False), self.authority)
            client.paho.username_pw_set("flow", "flow")
            ends.append(client.connect())
            self.addCleanup(client.end)
        subscriber, publisher = ends
        subscriber.subscribe("flow", 1)
        stop, sent = threading.Event(), []

        def run():
            while not stop.is_set():
                publisher.publish_done("flow", str(len(sent)), 1)
                sent.append(len(sent))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return subscriber, publisher, thread, stop, sent

    def round(self, number, way, hangup):
        """Everything anew; waits until new connections notice all of it."""
        serial = self.next_certificate(way)
        user, identity = f"user-{number}", f"meter-{number}"
        old_passwords = self.passwords.read_text()
        copy = self.folder / "edited"
        copy.write_text(old_passwords)
        write_password(copy, user, "secret", "--hash", "pbkdf2")
        self.replace(self.passwords, copy.read_text(), way)
        self.replace(self.psk, f"first:{PSK}\n{identity}:{OTHER_PSK}\n", way)
        revoked = self.authority.client(f"revoked {number}")
        self.authority.revoke(revoked[0])
        fresh = self.folder / "fresh.crl"
        self.authority.write_crl(fresh)
        self.replace(self.crl, fresh.read_text(), way)
        if hangup:
            self.broker.signal(signal.SIGHUP)
        trust = ["--cafile", self.authority.certificate]
        account = ["-u", user, "-P", "secret"]
        send = ["-q", 1, "-t", "aside", "-m", "x"]
        wait_until(lambda: serial_shown(self.tls, self.authority) == serial, "new connections see the new certificate")
        wait_until(lambda: self.publish(*send, *trust, *account, port=self.tls).returncode == 0, "the new user may come in")
        wait_until(lambda: self.publish(*send, "--psk", OTHER_PSK, "--psk-identity", identity, port=self.secret).returncode == 0,
                   "the new identity is known")
        wait_until(lambda: self.publish(*send, *trust, *account, "--cert", revoked[0], "--key", revoked[1],
                                        port=self.tls).returncode != 0, "the certificate in the new list is refused")

    def test_nothing_is_lost(self):
        subscriber, publisher, thread, stop, sent = self.flow()
        for number, (way, hangup) in enumerate((("rename", False), ("in place", False), ("rename", True), ("in place", True))):
            so_far = len(sent)
            self.round(number, way, hangup)
            wait_until(lambda: len(sent) > so_far, "messages flow")
        stop.set()
        thread.join(DEADLINE_S)
        self.assertFalse(thread.is_alive())
        subscriber.wait_messages(len(sent))
        self.assertEqual(subscriber.payloads(), [str(number) for number in range(len(sent))])
        for client in (subscriber, publisher):
            self.assertEqual((client.connects, client.disconnect_codes), (1, []))

    def test_broken_files_keep_the_old_ones_and_are_named(self):
        subscriber, publisher, thread, stop, sent = self.flow()
        serial = serial_shown(self.tls, self.authority)
        for path, words in ((self.certificate, str(self.certificate)), (self.crl, str(self.crl)),
                            (self.psk, f"{self.psk}:1"), (self.passwords, f"{self.passwords}:1")):
            before, old = len(self.broker.log()), path.read_text()
            self.replace(path, "this is nothing\n", "rename")
            self.logged(words, before)
            self.assertEqual(serial_shown(self.tls, self.authority), serial)
            account = ["--cafile", self.authority.certificate, "-u", "flow", "-P", "flow"]
            self.assert_published(*account, port=self.tls)
            self.assert_published("--psk", PSK, "--psk-identity", "first", port=self.secret)
            self.replace(path, old, "rename")
        stop.set()
        thread.join(DEADLINE_S)
        subscriber.wait_messages(len(sent))
        self.assertEqual((subscriber.connects, publisher.connects), (1, 1))

    def test_a_file_that_is_gone_keeps_the_old_one(self):
        serial = serial_shown(self.tls, self.authority)
        before = len(self.broker.log())
        self.certificate.unlink()
        self.logged(str(self.certificate), before)
        self.assertEqual(serial_shown(self.tls, self.authority), serial)


if __name__ == "__main__":
    for program in ("openssl", "mosquitto_pub", "mosquitto_sub"):
        if shutil.which(program) is None:
            print(f"skipped: there is no {program}")
            os._exit(77)
    main()
