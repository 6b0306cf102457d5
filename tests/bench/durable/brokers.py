"""Starting, killing and asking the brokers that are compared."""

import ctypes
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

CONNECT_S = 60  # how long a start may take


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect_packet(client_id, clean):
    body = b"\0\4MQTT\4" + bytes([2 if clean else 0]) + struct.pack("!HH", 600, len(client_id)) + client_id.encode()
    return bytes([0x10, len(body)]) + body


class Broker:
    """One broker on one store, over several lives."""

    name = ""

    def __init__(self, program, store):
        self.program, self.store, self.port = program, Path(store), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-durable-"))
        self.folder.chmod(0o777)
        self.config = self.folder / "conf"
        self.config.write_text(self.configuration())
        self.process = None

    def start(self):
        """Starts it; seconds from exec to the first CONNACK."""
        with open(self.folder / "log", "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen([self.program, "-c", str(self.config)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, preexec_fn=end_with_parent)
        while not self.session("first", clean=True)[0]:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended at its start: {(self.folder / 'log').read_text()[-500:]}")
            if time.monotonic() > begun + CONNECT_S:
                raise RuntimeError(f"{self.name} did not answer within {CONNECT_S} s")
            time.sleep(0.0005)
        return time.monotonic() - begun

    def session(self, client_id, clean):
        """(was there a CONNACK, was the session present)"""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=CONNECT_S) as peer:
                peer.sendall(connect_packet(client_id, clean))
                answer = peer.recv(4, socket.MSG_WAITALL)
                if len(answer) == 4:
                    peer.sendall(b"\xe0\0")
                return len(answer) == 4, len(answer) == 4 and answer[2] == 1
        except OSError:
            return False, False

    def rss_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(CONNECT_S)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Tombo(Broker):
    name = "tombo"

    def configuration(self):
        return (f'allow_anonymous = true\n[[listener]]\nport = {self.port}\naddress = "127.0.0.1"\n'
                f'[persistence]\ndirectory = "{self.store}"\nprofile = "server"\n[log]\nconnections = false\n'
                "[limits]\nsessions_max = 1000000\nqueue_messages_max = 1000000\nqueue_bytes_max = \"1GiB\"\n")


class Mosquitto(Broker):
    name = "mosquitto"

    def configuration(self):
        return (f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest none\nset_tcp_nodelay true\n"
                "max_queued_messages 0\nmax_inflight_messages 1000\npersistence true\nautosave_interval 1800\n"
                f"persistence_location {self.store}/\n")
