"""Other doors than a plain port: Unix sockets, PROXY headers, networks, versions, systemd's sockets, a user without rights."""

import os
import pwd
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import harness
import raw_client
from harness import DEADLINE_S, HOST, main, testing_tombo, wait_until
from raw_client import RawClient
from secured import SecuredTest, free_port, on_port, tables, write_password

OTHER_ADDRESS = "127.0.0.2"  # loopback, too, but not what clients use by themselves
V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
REFUSED_VERSION_3, REFUSED_VERSION_5 = 1, 0x84


def connect_packet(client_id, level=4):
    body = raw_client.text("MQTT") + bytes([level, 2]) + struct.pack("!H", 0) + (b"\0" if level == 5 else b"")
    return raw_client.packet(raw_client.CONNECT, 0, body + raw_client.text(client_id))


def exchange(where, data, source=None):
    """Sends bytes on a fresh connection and gives all that comes back until CONNACK is there or the end: (bytes, ended)."""
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(DEADLINE_S)
        if source:
            client.bind((source, 0))
        got = b""
        try:
            client.connect(where)
            client.sendall(data)
            while True:
                some = client.recv(4096)
                if not some:
                    return got, True
                got += some
                if len(got) >= 4 and len(got) >= 2 + got[1] and got[3] == 0:
                    return got, False
        except (ConnectionResetError, BrokenPipeError):
            return got, True


def v2_header(source, source_port, command=0x21):
    addresses = socket.inet_aton(source) + socket.inet_aton(HOST) + struct.pack("!HH", source_port, 1883)
    return V2_SIGNATURE + bytes([command, 0x11]) + struct.pack("!H", len(addresses)) + addresses


class DoorTest(SecuredTest):
    def assert_let_in(self, where, data, source=None):
        got, ended = exchange(where, data, source)
        self.assertFalse(ended, got.hex())
        self.assertEqual((got[0] >> 4, got[3]), (raw_client.CONNACK, 0))

    def assert_closed(self, where, data, source=None):
        """Without a word, in particular without CONNACK."""
        self.assertEqual(exchange(where, data, source), (b"", True))


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class UnixSocket(DoorTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "mqtt.sock"

    def open_door(self, *lines):
        self.start(sections=tables("listener", "\n".join([f'address = "unix:{self.path}"', *lines])))

    def test_its_mode_and_owner(self):
        owner = pwd.getpwuid(os.getuid()).pw_name
        self.open_door('unix_mode = "0640"', f'unix_user = "{owner}"')
        seen = self.path.stat()
        self.assertTrue(stat.S_ISSOCK(seen.st_mode))
        self.assertEqual(stat.S_IMODE(seen.st_mode), 0o640)
        self.assertEqual(seen.st_uid, os.getuid())

    def test_the_peers_user_is_the_user_name(self):
        self.open_door('user_name_from = "unix_user"')
        subscribed = self.subscriber("unix", "--unix", self.path, "-i", "local", "-u", "somebody", "-P", "else")
        row = self.connected()["local"]
        self.assertEqual(row["user"], pwd.getpwuid(os.getuid()).pw_name)
        self.assertEqual(row["listener"], f"unix:{self.path}")
        self.assert_published("--unix", self.path, "-t", "unix", "-m", "over the socket")
        subscribed.wait_for("unix over the socket")

    def test_another_user_is_another_name(self):
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        self.open_door('user_name_from = "unix_user"', 'unix_mode = "0666"')
        self.folder.chmod(0o711)
        nobody = pwd.getpwnam("nobody")
        run = subprocess.Popen(["mosquitto_sub", "--unix", self.path, "-i", "foreign", "-t", "x"], user=nobody.pw_uid,
                               group=nobody.pw_gid, extra_groups=[], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        wait_until(lambda: "foreign" in self.connected(), "the other user is connected")
        self.assertEqual(self.connected()["foreign"]["user"], "nobody")

    def test_it_goes_with_the_broker_and_a_stale_one_is_taken_over(self):
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(self.path))  # closed, but the file stays
        self.open_door()
        self.assert_published("--unix", self.path)
        self.broker.stop()
        self.assertFalse(self.path.exists())


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class ProxyHeaders(DoorTest):
    def setUp(self):
        super().setUp()
        self.behind, self.guarded, self.elsewhere = free_port(), free_port(), free_port()
        proxied = 'proxy_protocol = "required"'
        self.start(sections=tables(
            "listener",
            on_port(self.behind, proxied, f'proxy_networks = ["{HOST}/32"]'),
            on_port(self.guarded, proxied, f'proxy_networks = ["{HOST}/32"]', 'deny_networks = ["203.0.113.0/24"]'),
            on_port(self.elsewhere, proxied, 'proxy_networks = ["192.0.2.0/24"]')))

    def test_by_hand(self):
        line = b"PROXY TCP4 203.0.113.7 127.0.0.1 5555 1883\r\n"
        for name, header, address in (("one", line, "203.0.113.7:5555"),
                                      ("two", v2_header("198.51.100.9", 4444), "198.51.100.9:4444"),
                                      ("six", b"PROXY TCP6 2001:db8::5 ::1 1234 1883\r\n", "[2001:db8::5]:1234")):
            before = len(self.broker.log())
            self.assert_let_in((HOST, self.behind), header + connect_packet(name))
            self.logged(f"client {name} connected from {address}", before)

    def test_a_header_that_comes_byte_by_byte(self):
        data = b"PROXY TCP4 203.0.113.8 127.0.0.1 5556 1883\r\n" + connect_packet("slow")
        before = len(self.broker.log())
        with socket.create_connection((HOST, self.behind), timeout=DEADLINE_S) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(len(data)):
                client.sendall(data[at:at + 1])
            self.assertEqual(client.recv(4)[3], 0)
        self.logged("client slow connected from 203.0.113.8:5556", before)

    def test_health_checks_of_the_proxy_itself(self):
        local = V2_SIGNATURE + bytes([0x20, 0]) + struct.pack("!H", 0)
        self.assert_let_in((HOST, self.behind), local + connect_packet("check"))
        self.assert_let_in((HOST, self.behind), b"PROXY UNKNOWN\r\n" + connect_packet("unknown"))

    def test_without_a_header_or_with_a_wrong_one(self):
        for data in (connect_packet("plain"), b"PROXY TCP4 nonsense\r\n" + connect_packet("x"), b"GET / HTTP/1.1\r\n\r\n",
                     V2_SIGNATURE + bytes([0x21, 0x11, 0xFF, 0xFF]) + bytes(100)):
            before = len(self.broker.log())
            self.assert_closed((HOST, self.behind), data)
            self.logged("PROXY: ", before)

    def test_from_a_network_that_is_not_listed(self):
        header = b"PROXY TCP4 203.0.113.7 127.0.0.1 5555 1883\r\n"
        self.assert_closed((HOST, self.elsewhere), header + connect_packet("stranger"))
        self.assert_closed((HOST, self.behind), header + connect_packet("stranger"), source=OTHER_ADDRESS)
        self.assertNotIn("client stranger", self.broker.log())

    def test_the_clients_network_counts_not_the_proxys(self):
        before = len(self.broker.log())
        self.assert_closed((HOST, self.guarded), b"PROXY TCP4 203.0.113.7 127.0.0.1 5555 1883\r\n" + connect_packet("denied"))
        self.logged("its network may not connect", before)
        self.assert_let_in((HOST, self.guarded), b"PROXY TCP4 198.51.100.1 127.0.0.1 5555 1883\r\n" + connect_packet("other"))

    @unittest.skipUnless(shutil.which("haproxy") or Path("/usr/sbin/haproxy").exists(), "needs haproxy")
    def test_behind_haproxy(self):
        first, second = free_port(), free_port()
        configuration = self.folder / "haproxy.cfg"
        configuration.write_text(
            "global\n  maxconn 100\ndefaults\n  mode tcp\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n" +
            "".join(f"listen {name}\n  bind {HOST}:{port}\n  server tombo {HOST}:{self.behind} {option}\n"
                    for name, port, option in (("v1", first, "send-proxy"), ("v2", second, "send-proxy-v2"))))
        proxy = self.tool(shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", configuration)

        def reached(port):
            self.assertIsNone(proxy.process.poll(), proxy.output())
            with socket.socket() as probe:
                return probe.connect_ex((HOST, port)) == 0

        for port in (first, second):
            wait_until(lambda port=port: reached(port), "haproxy listens")
            name = f"through-{port}"
            # From another address than haproxy's own, so that it can only come from the header.
            subscribed = self.subscriber("via/proxy", "-i", name, "-A", OTHER_ADDRESS, port=port)
            self.logged(f"client {name} connected from {OTHER_ADDRESS}:")
            self.assert_published("-t", "via/proxy", "-m", "through", port=port)
            subscribed.wait_for("via/proxy through")


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Networks(DoorTest):
    def setUp(self):
        super().setUp()
        self.allowed, self.denied, self.longer, self.few = (free_port() for _ in range(4))
        self.start(sections=tables(
            "listener",
            on_port(self.allowed, f'allow_networks = ["{OTHER_ADDRESS}/32"]'),
            on_port(self.denied, f'deny_networks = ["{OTHER_ADDRESS}"]'),
            on_port(self.few, f'deny_networks = ["{OTHER_ADDRESS}"]', "connections_max = 2"),
            on_port(self.longer, 'deny_networks = ["127.0.0.0/8"]', f'allow_networks = ["{OTHER_ADDRESS}/32"]')))

    def test_who_may_connect(self):
        for port, source, may in ((self.allowed, HOST, False), (self.allowed, OTHER_ADDRESS, True), (self.denied, HOST, True),
                                  (self.denied, OTHER_ADDRESS, False), (self.longer, HOST, False),
                                  (self.longer, OTHER_ADDRESS, True)):
            check = self.assert_let_in if may else self.assert_closed
            with self.subTest(port=port, source=source):
                check((HOST, port), connect_packet("n"), source)

    def test_who_is_refused_takes_no_place_of_others(self):
        for _ in range(5):
            self.assert_closed((HOST, self.few), connect_packet("n"), OTHER_ADDRESS)
        self.assert_published(port=self.few)

    def test_with_a_real_client(self):
        self.assert_published("-A", OTHER_ADDRESS, port=self.allowed)
        self.assertNotEqual(self.publish("-q", 1, "-t", "x", "-m", "x", "-A", OTHER_ADDRESS, port=self.denied).returncode, 0)

    def test_changed_by_a_reload(self):
        self.assert_let_in((HOST, self.denied), connect_packet("n"))
        self.broker.sections = self.broker.sections.replace(f'deny_networks = ["{OTHER_ADDRESS}"]', f'deny_networks = ["{HOST}"]')
        self.broker.write_config()
        self.broker.signal(signal.SIGHUP)
        wait_until(lambda: exchange((HOST, self.denied), connect_packet("n"))[1], "the new rule holds")
        self.assert_let_in((HOST, self.denied), connect_packet("n"), OTHER_ADDRESS)


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Versions(DoorTest):
    def test_each_listener_has_its_own(self):
        new, old = free_port(), free_port()
        self.start(sections=tables("listener", on_port(new, 'versions = ["5"]'), on_port(old, 'versions = ["3.1.1"]')))
        self.assert_published("-V", "mqttv5", port=new)
        self.assert_published("-V", "mqttv311", port=old)
        for level, port, code in ((4, new, REFUSED_VERSION_3), (5, old, REFUSED_VERSION_5)):
            got, ended = exchange((HOST, port), connect_packet("v", level))
            self.assertTrue(ended)
            self.assertEqual((got[0] >> 4, got[3]), (raw_client.CONNACK, code), got.hex())
        self.assertNotEqual(self.publish("-V", "mqttv31", "-q", 1, "-t", "x", "-m", "x", port=old).returncode, 0)


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Rate(DoorTest):
    def test_connections_per_second_of_one_listener(self):
        slow = free_port()
        self.start(sections=tables("listener", on_port(slow, "connections_per_s = 2")))
        # All come in the end, whether the broker lets them wait or they try again.
        done = []

        def come(number):
            def let_in():
                got, ended = exchange((HOST, slow), connect_packet(f"r{number}"))
                return not ended and got[3] == 0
            wait_until(let_in, f"client {number} is let in")
            done.append(number)

        threads = [threading.Thread(target=come, args=(number,), daemon=True) for number in range(8)]
        for thread in threads:
            thread.start()
        self.assert_published(port=self.port)  # the other listener does not wait
        for thread in threads:
            thread.join(DEADLINE_S)
        self.assertEqual(sorted(done), list(range(8)))
        spread_s = self.seconds_between_connects(r"r\d", 8)
        self.assertGreaterEqual(spread_s, 1)  # four seconds of the broker's clock have two each, so it is two at least


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class Interface(DoorTest):
    def test_bound_to_lo(self):
        port = free_port()
        self.start(sections=tables("listener", on_port(port, 'interface = "lo"', address="*")))
        self.assert_published(port=port)
        shown = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=False).stdout
        self.assertIn("%lo:", shown)

    def test_one_that_does_not_exist(self):
        broker = harness.Broker(listener='interface = "nosuch0"')
        run = subprocess.run(broker.command, capture_output=True, text=True, timeout=60, check=False)
        shutil.rmtree(broker.folder)
        self.assertEqual(run.returncode, 1)
        self.assertIn("at interface nosuch0", run.stdout + run.stderr)


# Becomes the broker with a listening socket at descriptor 3, as systemd does: LISTEN_PID is the process's own number.
LAUNCHER = """
import os, socket, sys
port, *command = sys.argv[1:]
kept = socket.socket()
kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
kept.bind(("127.0.0.1", int(port)))
kept.listen()
if kept.fileno() != 3:
    os.dup2(kept.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(command[0], command)
"""


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class SocketActivation(DoorTest):
    def launcher(self, port, broker):
        return [sys.executable, "-c", LAUNCHER, str(port), *broker.command]

    def test_a_socket_that_a_listener_names_is_used(self):
        broker = harness.Broker()
        broker.command = self.launcher(broker.port, broker)
        broker.start()
        self.addCleanup(broker.stop)
        self.broker = broker
        self.assert_published(port=broker.port)
        # Not merely beside it: descriptor 3 is the one socket that listens there.
        listening = subprocess.run(["ss", "-Hltnp", f"sport = :{broker.port}"], capture_output=True, text=True, check=False)
        self.assertEqual(len(listening.stdout.splitlines()), 1, listening.stdout)
        self.assertIn("fd=3)", listening.stdout)

    def test_a_socket_that_no_listener_names_is_an_error(self):
        broker, other = harness.Broker(), free_port()
        run = subprocess.run(self.launcher(other, broker), capture_output=True, text=True, timeout=60, check=False)
        shutil.rmtree(broker.folder)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn(f"systemd hands over a socket at {HOST}:{other} that no [[listener]] names", run.stdout + run.stderr)


@unittest.skipUnless(testing_tombo(), "tombo's own options")
class PrivilegeDrop(DoorTest):
    USER = "nobody"

    def setUp(self):
        super().setUp()
        if os.getuid() != 0:
            self.skipTest("only root can become another user")
        self.folder.chmod(0o711)  # the way to the data directory
        self.data = self.folder / "data"

    def start_as_root(self):
        control = self.folder / "control"
        control.mkdir(exist_ok=True)
        shutil.chown(control, self.USER)
        self.control = control / "sock"
        return self.start(sections=f'[persistence]\ndirectory = "{self.data}"\n[defence]\nuser = "{self.USER}"\n')

    def test_it_becomes_the_user_and_keeps_its_data(self):
        self.start_as_root()
        wanted = pwd.getpwnam(self.USER)
        status = Path(f"/proc/{self.broker.pid}/status").read_text()
        for line, number in (("Uid", wanted.pw_uid), ("Gid", wanted.pw_gid)):
            self.assertRegex(status, rf"(?m)^{line}:(\s+{number}){{4}}$")
        groups = {int(number) for number in re.search(r"(?m)^Groups:(.*)$", status).group(1).split()}
        self.assertEqual(groups, set(os.getgrouplist(self.USER, wanted.pw_gid)))
        self.assertEqual(int(re.search(r"(?m)^CapEff:\s+(\S+)$", status).group(1), 16), 0)
        for thread in Path(f"/proc/{self.broker.pid}/task").iterdir():
            self.assertRegex((thread / "status").read_text(), rf"(?m)^Uid:(\s+{wanted.pw_uid}){{4}}$")
        seen = self.data.stat()
        self.assertEqual((stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid), (0o700, wanted.pw_uid, wanted.pw_gid))
        for path in self.data.rglob("*"):
            self.assertEqual(path.stat().st_uid, wanted.pw_uid, path)
        self.assert_published("-r", "-t", "kept", "-m", "through the restart", port=self.port)
        self.broker.stop()
        self.start_as_root()
        client = RawClient(self.port, "after")
        client.subscribe("kept")
        _, body = client.receive_kind(raw_client.PUBLISH)
        self.assertTrue(body.endswith(b"through the restart"), body)
        client.disconnect()

    def test_a_user_that_does_not_exist(self):
        broker = harness.Broker(sections='[defence]\nuser = "no-such-user"\n')
        run = subprocess.run(broker.command, capture_output=True, text=True, timeout=60, check=False)
        shutil.rmtree(broker.folder)
        self.assertEqual(run.returncode, 1)
        self.assertIn("no-such-user", run.stdout + run.stderr)

    def test_a_root_port_is_bound_before(self):
        """Port and Unix socket are made by root, where the user could not."""
        door = self.folder / "only-root"
        door.mkdir(mode=0o711)
        sock = door / "mqtt.sock"
        control = self.folder / "control"
        control.mkdir()
        shutil.chown(control, self.USER)
        self.control = control / "sock"
        door = tables("listener", f'address = "unix:{sock}"\nunix_mode = "0666"')
        self.start(sections=f'[defence]\nuser = "{self.USER}"\n{door}')
        self.assert_published("--unix", sock)

    def test_files_that_only_root_may_read_stay_as_they_were(self):
        control = self.folder / "control"
        control.mkdir()
        shutil.chown(control, self.USER)
        self.control = control / "sock"
        passwords, asking = self.folder / "passwords", free_port()
        write_password(passwords, "alice", "secret", "--hash", "pbkdf2")
        passwords.chmod(0o600)
        self.start(sections=f'[auth]\nbackends = ["passwords"]\n[passwords]\nfile = "{passwords}"\n'
                            f'[defence]\nuser = "{self.USER}"\n' + tables("listener", on_port(asking, 'anonymous = "refuse"')))
        self.broker.folder.chmod(0o711)  # the configuration itself can be read
        account = ["-u", "alice", "-P", "secret"]
        self.assert_published(*account, port=asking)
        before = len(self.broker.log())
        self.broker.signal(signal.SIGHUP)
        self.logged(str(passwords), before)
        self.logged("stays as it was", before)
        self.assert_published(*account, port=asking)
        self.assert_refused("refused", port=asking)


if __name__ == "__main__":
    main()
