"""Peers that stop reading, vanish, or come and go by the thousand: others go on and memory stays bounded."""

import signal
import socket
import subprocess

from harness import BrokerTest, HOST, end_with_parent, main, raise_descriptor_limit, sanitized, testing_tombo, wait_until
from raw_client import DISCONNECT, PUBLISH, RawClient

MB = 1024


def memory_limit_kb(start_kb, extra_mb):
    return start_kb + extra_mb * MB * (4 if sanitized() else 1)


class SlowReaders(BrokerTest):
    sections = "[limits]\nqueue_messages_max = 1000\nqueue_bytes_max = 4000000\noutput_bytes_max = 262144\n"
    mosquitto = "max_queued_bytes 4000000"
    payload = b"x" * 10_000

    def load(self, count, also):
        """Publishes `count` messages to a healthy subscriber and whoever else subscribed; both QoS."""
        sender = RawClient(self.port, "sender")
        for n in range(count):
            sender.publish(self.topic(), self.payload, n % 2)
            also.receive_kind(PUBLISH)
        sender.disconnect()

    def assert_memory_below(self, limit_kb):
        if testing_tombo():  # mosquitto counts its queue's limits otherwise
            self.assertLess(self.broker.rss_kb(), limit_kb)

    def test_a_stopped_process_does_not_hold_up_others_nor_grow_memory(self):
        stopped = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-h", HOST, "-p", str(self.port), "-t",
                                    self.topic(), "-d", "-V", "5"], stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        self.addCleanup(lambda: (stopped.kill(), stopped.wait(), stopped.stdout.close()))
        for line in stopped.stdout:
            if line.startswith("Subscribed"):
                break
        stopped.send_signal(signal.SIGSTOP)
        healthy = RawClient(self.port, "healthy")
        healthy.subscribe(self.topic())
        start = self.broker.rss_kb()
        self.load(5000, healthy)  # 50 MB, of which the stopped one may have 4 MB waiting and what sockets hold
        self.assert_memory_below(memory_limit_kb(start, 25))
        healthy.ping()
        healthy.disconnect()
        stopped.send_signal(signal.SIGCONT)
        self.assertRegex(next(line for line in stopped.stdout if "PUBLISH" in line), self.topic())

    def test_many_readers_that_never_read(self):
        frozen = [RawClient(self.port, f"frozen-{n}", receive_buffer=4096) for n in range(20)]
        for client in frozen:
            client.subscribe(self.topic(), 1)
        healthy = RawClient(self.port, "healthy")
        healthy.subscribe(self.topic())
        start = self.broker.rss_kb()
        self.load(2000, healthy)
        self.assert_memory_below(memory_limit_kb(start, 20 * 5))
        for client in frozen:
            client.abort()
        healthy.ping()
        healthy.disconnect()


class Connections(BrokerTest):
    def open_descriptors_return(self, before):
        wait_until(lambda: self.broker.descriptors() <= before + 2, f"descriptors are back at about {before}")

    def test_the_older_of_two_with_an_id_is_told(self):
        # covers: 5.0 MQTT-3.1.4-3
        first = RawClient(self.port, "twice")
        second = RawClient(self.port, "twice")
        if testing_tombo():  # mosquitto 2.0.11 only closes
            _, body = first.receive_kind(DISCONNECT)
            self.assertEqual(body[0], 0x8E)
        with self.assertRaises((EOFError, ConnectionResetError)):
            first.receive()
        second.ping()
        second.disconnect()

    def test_two_thousand_connections_come_and_go(self):
        RawClient(self.port, "warm-up").disconnect()
        before = self.broker.descriptors()
        for n in range(2000):
            client = RawClient(self.port, f"churn-{n % 50}", level=4 + n % 2)
            if n % 3 == 0:
                client.abort()
            elif n % 3 == 1:
                client.socket.close()
            else:
                client.disconnect()
        self.open_descriptors_return(before)

    def test_a_thousand_at_once(self):
        raise_descriptor_limit()
        before = self.broker.descriptors()
        clients = [RawClient(self.port, f"crowd-{n}") for n in range(1000)]
        for client in clients:
            client.subscribe(self.topic())
        sender = RawClient(self.port, "crowd-sender")
        sender.publish(self.topic(), b"to all", 1)
        for client in clients:
            client.receive_kind(PUBLISH)
            client.disconnect()
        sender.disconnect()
        self.open_descriptors_return(before)

    def test_silence_and_rubbish_before_connect_are_closed(self):
        # covers: 5.0 MQTT-3.1.0-1, 3.1.1 MQTT-3.1.0-1
        before = self.broker.descriptors()
        for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\x30\x03\x00\x01a", b"\xc0\x00", b"\x10\xff\xff\xff\xff\x7f", bytes(64)):
            with socket.create_connection((HOST, self.port), timeout=20) as peer:
                peer.sendall(rubbish)
                try:
                    while peer.recv(1000):
                        pass
                except ConnectionResetError:
                    pass
        self.open_descriptors_return(before)
        RawClient(self.port, "after").disconnect()


if __name__ == "__main__":
    main()
