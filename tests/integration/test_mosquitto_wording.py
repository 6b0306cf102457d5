"""Lines of the log in Mosquitto's words: the same events on Debian's mosquitto and on tombo with wording = "mosquitto",
compared line by line once what differs by nature (times, ports, versions, made-up client ids) is taken out."""

import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from certificates import Authority
from harness import HOST, free_port, main, testing_tombo, tombo_binary, wait_until
from raw_client import CONNACK, CONNECT, DISCONNECT, PINGREQ, PUBLISH, SUBSCRIBE, packet, text

MOSQUITTO = "/usr/sbin/mosquitto"
UNSUBSCRIBE = 10
# Of the broker's own life and not of events that are provoked here, or of what tombo says besides.
OF_MOSQUITTO_ALONE = re.compile(r"Error in epoll|^Saving in-memory")
OF_TOMBO_ALONE = re.compile(r"^(Warning: )?[a-z]")  # its own lines begin in lower case; but for those below
SHARED_IN_LOWER_CASE = re.compile(r"^mosquitto version ")

PASSWORDS = "joe:secret\n"
RULES = "topic readwrite #\nuser joe\ntopic read r/#\ntopic write w/#\n"


class Server:
    """One broker with four listeners: open to all, with passwords and rules, with QoS 1 at most, and with TLS."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = [free_port() for _ in range(4)]
        (folder / "acl").write_text(RULES)
        (folder / "passwords").write_text(PASSWORDS)
        subprocess.run(["mosquitto_passwd", "-U", folder / "passwords"], check=True, capture_output=True)
        os.chmod(folder / "passwords", 0o644)
        authority = Authority(folder=folder)
        self.certificate, self.key = authority.server("server.test")
        self.log = folder / "log"
        self.log.touch()
        self.config = self.write_config()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command(), "-c", str(self.config)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, preexec_fn=harness.end_with_parent)
        self.wait_for(" running$")

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern, count=1):
        def seen():
            assert self.process.poll() is None or "terminating" in pattern, self.text()
            return len(re.findall(f"(?m){pattern}", self.text())) >= count
        wait_until(seen, f"the log of {type(self).__name__} has {pattern}:\n{self.text()}")

    def end(self):
        self.process.terminate()
        code = self.process.wait(20)
        assert code == 0, f"ended with {code}\n{self.text()}"

    def kill(self):
        self.process.kill()
        self.process.wait()


class Mosquitto(Server):
    def command(self):
        return [MOSQUITTO]

    def write_config(self):
        path = self.folder / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        path.write_text(
            f"{user}per_listener_settings true\nlog_dest stderr\nlog_type all\nmax_queued_messages 3\nsys_interval 0\n"
            f"max_packet_size 100000\n"
            f"listener {self.ports[0]} {HOST}\nallow_anonymous true\n"
            f"listener {self.ports[1]} {HOST}\nallow_anonymous false\n"
            f"password_file {self.folder}/passwords\nacl_file {self.folder}/acl\n"
            f"listener {self.ports[2]} {HOST}\nallow_anonymous true\nmax_qos 1\n"
            f"listener {self.ports[3]} {HOST}\nallow_anonymous true\ncertfile {self.certificate}\nkeyfile {self.key}\n")
        return path


class Tombo(Server):
    def command(self):
        return [tombo_binary()]

    def write_config(self):
        path = self.folder / "tombo.toml"
        listeners = "".join(f'[[listener]]\naddress = "{HOST}"\nport = {port}\n{more}' for port, more in (
            (self.ports[0], 'anonymous = "allow"\n'),
            (self.ports[1], 'authentication = ["passwords"]\nanonymous = "refuse"\n'),
            (self.ports[2], 'anonymous = "allow"\nqos_max = 1\n'),
            (self.ports[3], f'certificates = ["{self.certificate}"]\nkeys = ["{self.key}"]\n')))
        path.write_text(
            f'{listeners}[log]\nto = ["stderr"]\nwording = "mosquitto"\ntypes = ["all"]\n'
            f"[limits]\nqueue_messages_max = 3\npacket_bytes_max = 100000\nreceive_maximum = 20\nretained_batch = 3\n"
            f"[mqtt]\ntell_no_subscribers = false\n"
            f'[passwords]\nfile = "{self.folder}/passwords"\n'
            f'[acl]\naudit = false\nfile = "{self.folder}/acl"\n[sys]\ninterval_s = 0\n')
        return path


class Wire:
    """A socket of which every packet is written by hand."""

    def __init__(self, port):
        self.socket = socket.create_connection((HOST, port), timeout=20)

    def connect(self, client_id, level=4, keep_alive=60, flags=2, user=None, password=None, will=None, name="MQTT"):
        body = b""
        if will:
            flags |= 4 | 0x28
            body += text(will[0]) + text(will[1])
        if user is not None:
            flags |= 0x80
            body += text(user)
        if password is not None:
            flags |= 0x40
            body += text(password)
        properties = b"\0" if level == 5 else b""
        head = text(name) + bytes([level, flags]) + struct.pack("!H", keep_alive) + properties
        self.send(packet(CONNECT, 0, head + text(client_id) + body))
        return self

    def accepted(self):
        answer = self.read(2)
        assert answer[0] == CONNACK << 4, answer
        assert self.read(answer[1])[1] == 0
        return self

    def send(self, data):
        self.socket.sendall(data)
        return self

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def packet(self):
        head = self.read(2)
        assert head[1] < 128
        return head[0] >> 4, self.read(head[1])

    def closed(self):
        """Until the broker has closed."""
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass
        self.socket.close()

    def close(self):
        self.socket.close()


def subscribe(topic, qos):
    return packet(SUBSCRIBE, 2, b"\0\x09" + text(topic) + bytes([qos]))


def publish(topic, payload=b"xx", qos=0, identifier=7, level=4):
    identifier = struct.pack("!H", identifier) if qos else b""
    return packet(PUBLISH, qos << 1, text(topic) + identifier + (b"\0" if level == 5 else b"") + payload)


GONE = packet(DISCONNECT, 0, b"")

# Each event: what a client does to the broker, then the line after which everything about it has been written.


def closes_before_connect(server):
    Wire(server.ports[0]).send(b"\x10").close()
    return "Client <unknown> closed its connection"


def speaks_something_else(server):
    Wire(server.ports[0]).send(b"\x30\x02aa").closed()
    return "Client <unknown> disconnected due to protocol error"


def closes_without_disconnect(server):
    Wire(server.ports[0]).connect("closes").accepted().close()
    return "Client closes closed"


def disconnects(server):
    Wire(server.ports[0]).connect("leaves").accepted().send(GONE).closed()
    return r"Client leaves disconnected\."


def disconnects_with_5_and_a_user(server):
    Wire(server.ports[0]).connect("leaves5", level=5, user="joe").accepted().send(GONE).closed()
    return r"Client leaves5 disconnected\."


def has_a_will(server):
    Wire(server.ports[0]).connect("willing", will=("will/t", "bye")).accepted().send(GONE).closed()
    return r"Client willing disconnected\."


def keeps_its_session_and_subscribes(server):
    wire = Wire(server.ports[0]).connect("keeps", flags=0, keep_alive=10).accepted()
    wire.send(subscribe("a/#", 1)).packet()
    wire.send(packet(UNSUBSCRIBE, 2, b"\0\x0a" + text("a/#"))).packet()
    wire.send(packet(PINGREQ, 0, b"")).packet()
    wire.send(GONE).closed()
    return r"Client keeps disconnected\."


def publishes(server):
    receiver = Wire(server.ports[0]).connect("receives").accepted()
    receiver.send(subscribe("p/q", 1)).packet()
    sender = Wire(server.ports[0]).connect("sends").accepted()
    sender.send(publish("p/q", b"xyz", 1)).packet()
    _, body = receiver.packet()
    receiver.send(packet(4, 0, body[5:7]))
    server.wait_for("Received PUBACK from receives")
    sender.send(publish("p/q", b"0"))
    receiver.packet()
    sender.send(GONE).closed()
    server.wait_for(r"Client sends disconnected\.")
    receiver.send(GONE).closed()
    return r"Client receives disconnected\."


def is_taken_over(server):
    elder = Wire(server.ports[0]).connect("twice").accepted()
    younger = Wire(server.ports[0]).connect("twice").accepted()
    elder.closed()
    younger.send(GONE).closed()
    return r"Client twice disconnected\."


def sends_a_wrong_password(server):
    Wire(server.ports[1]).connect("wrong", user="joe", password="no").closed()
    return "Client <unknown> disconnected, not authorised"


def comes_without_a_password(server):
    Wire(server.ports[1]).connect("nobody", level=5).closed()
    return "Client <unknown> disconnected, not authorised"


def publishes_what_it_may_not(server):
    wire = Wire(server.ports[1]).connect("denied", user="joe", password="secret").accepted()
    wire.send(publish("no", qos=1)).packet()
    wire.send(GONE).closed()
    return r"Client denied disconnected\."


def is_silent(server):
    Wire(server.ports[0]).connect("silent", keep_alive=1).accepted().closed()
    return "Client silent has exceeded timeout"


def sends_too_large_a_packet(server):
    Wire(server.ports[0]).connect("large", level=5).accepted().send(b"\x30\xff\xff\x7f").closed()
    return "Client large disconnected due to oversize packet"


def publishes_to_a_wildcard(server):
    Wire(server.ports[0]).connect("wild").accepted().send(publish("a/#")).closed()
    return "Client wild disconnected due to"


def connects_twice(server):
    wire = Wire(server.ports[0]).connect("again").accepted()
    wire.connect("again").closed()
    return "Client again disconnected due to protocol error"


def leaves_its_queue_to_fill(server):
    wire = Wire(server.ports[0]).connect("away", flags=0).accepted()
    wire.send(subscribe("full", 1)).packet()
    wire.send(GONE).closed()
    server.wait_for(r"Client away disconnected\.")
    sender = Wire(server.ports[0]).connect("fills").accepted()
    for identifier in range(1, 6):
        sender.send(publish("full", qos=1, identifier=identifier)).packet()
    sender.send(GONE).closed()
    return r"Client fills disconnected\."


EVENTS = [closes_before_connect, speaks_something_else, closes_without_disconnect, disconnects, disconnects_with_5_and_a_user,
          has_a_will, keeps_its_session_and_subscribes, publishes, is_taken_over, sends_a_wrong_password,
          comes_without_a_password, publishes_what_it_may_not, is_silent, sends_too_large_a_packet, publishes_to_a_wildcard,
          connects_twice, leaves_its_queue_to_fill]


def normal(line, server):
    line = re.sub(r"^\d+: ", "", line)
    line = re.sub(rf"{HOST}:\d+", "ADDRESS", line)
    for number, port in enumerate(server.ports):
        line = line.replace(f"port {port}", f"port {number}")
    line = re.sub(r"mosquitto version \S+", "mosquitto version V", line)
    # To a wrong password tombo answers 4, as the standard has it, and Mosquitto 5.
    line = line.replace(f"CONNACK to {HOST} (0, 4)", f"CONNACK to {HOST} (0, 5)")
    return line.replace(str(server.folder), "FOLDER").replace("tombo.toml", "CONFIG").replace("mosquitto.conf", "CONFIG")


def lines_of(server, part):
    found = [normal(line, server) for line in part.splitlines()]
    if isinstance(server, Tombo):
        return [line for line in found if SHARED_IN_LOWER_CASE.match(line) or not OF_TOMBO_ALONE.match(line)
                or re.match(r"^(keeps|receives|away) ", line)]  # subscriptions, which begin with the client id
    return [line for line in found if not OF_MOSQUITTO_ALONE.match(line)]


def whose(line):
    """The client that a line is about, or how it begins."""
    named = re.search(r"\b(?:from|to|client|Client) (\w+)", line)
    return named[1] if named else line.split(" ")[0]


@unittest.skipUnless(testing_tombo() and os.path.exists(MOSQUITTO), "compares tombo with Debian's mosquitto")
class Wording(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = []
        for kind in (Mosquitto, Tombo):
            folder = Path(tempfile.mkdtemp(prefix="tombo-wording-"))
            os.chmod(folder, 0o755)
            cls.servers.append(kind(folder))

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.kill()

    def test_each_event_has_mosquittos_lines(self):
        for event in EVENTS:
            with self.subTest(event=event.__name__):
                told = []
                for server in self.servers:
                    before = len(server.text())
                    last = event(server)
                    server.wait_for(last, len(re.findall(f"(?m){last}", server.text()[:before])) + 1)
                    told.append(lines_of(server, server.text()[before:]))
                # Each client's lines are in order; what two clients do at once is told in either.
                self.assertEqual(sorted(told[1], key=whose), sorted(told[0], key=whose))

    def test_the_brokers_own_life(self):
        starts = []
        for server in self.servers:
            starts.append([line for line in lines_of(server, server.text()) if re.match("mosquitto version|Config|Opening", line)])
        self.assertEqual(starts[1][:6], starts[0][:6])
        for server in self.servers:
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(r"Reloading config\.$")

    def test_a_handshake_that_fails(self):
        # The words for why are OpenSSL's there and tombo's here.
        for server in self.servers:
            Wire(server.ports[3]).send(b"GET / HTTP/1.1\r\n\r\n").closed()
            told = rf"Client connection from {HOST} failed: .*\S\.$"
            # Mosquitto has other words where the bytes come later than the connection.
            server.wait_for(told if isinstance(server, Tombo) else rf"({told}|OpenSSL Error)")

    def test_the_time_stands_in_front_in_seconds(self):
        for server in self.servers:
            for line in server.text().splitlines():
                self.assertRegex(line, r"^\d{10}: ")


@unittest.skipUnless(testing_tombo() and os.path.exists(MOSQUITTO), "compares tombo with Debian's mosquitto")
class End(unittest.TestCase):
    def test_the_last_line_and_the_exit_code(self):
        for kind in (Mosquitto, Tombo):
            folder = Path(tempfile.mkdtemp(prefix="tombo-wording-"))
            os.chmod(folder, 0o755)
            server = kind(folder)
            self.addCleanup(server.kill)
            server.end()
            self.assertRegex(server.text(), r"(?m)^\d+: mosquitto version \S+ terminating$")


if __name__ == "__main__":
    main()
