"""A few bytes of MQTT by hand: for what no client library lets a test do (half packets, silence, a frozen reader)."""

import socket
import struct

from harness import HOST

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14


def text(value):
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def varint(value):
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


class RawClient:
    """One socket that speaks 3.1.1 (level 4) or 5.0 (level 5) and blocks, with a deadline, until an answer is there."""

    def __init__(self, port, client_id, level=5, clean=True, keep_alive=0, timeout=20, properties=b"", receive_buffer=None):
        self.level = level
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.next_id = 0
        body = text("MQTT") + bytes([level, 2 if clean else 0]) + struct.pack("!H", keep_alive)
        if level == 5:
            body += varint(len(properties)) + properties
        self.send(packet(CONNECT, 0, body + text(client_id)))
        kind, _, self.connack = self.receive()
        assert kind == CONNACK and self.connack[1] == 0, f"refused: {kind} {self.connack.hex()}"

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next packet as (kind, flags, body); raises EOFError when the broker has closed."""
        while True:
            found = self._take()
            if found:
                return found
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the broker closed the connection")
            self.buffer += data

    def _take(self):
        length, shift, at = 0, 0, 1
        while True:
            if at >= len(self.buffer):
                return None
            byte = self.buffer[at]
            length |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not byte & 0x80:
                break
        if len(self.buffer) < at + length:
            return None
        first, body = self.buffer[0], bytes(self.buffer[at:at + length])
        del self.buffer[:at + length]
        return first >> 4, first & 15, body

    def receive_kind(self, wanted):
        while True:
            kind, flags, body = self.receive()
            if kind == wanted:
                return flags, body

    def packet_id(self):
        self.next_id = self.next_id % 65535 + 1
        return struct.pack("!H", self.next_id)

    def _no_properties(self):
        return b"\0" if self.level == 5 else b""

    def subscribe_bytes(self, topic_filter, qos=0):
        return packet(SUBSCRIBE, 2, self.packet_id() + self._no_properties() + text(topic_filter) + bytes([qos]))

    def subscribe(self, topic_filter, qos=0):
        self.send(self.subscribe_bytes(topic_filter, qos))
        _, body = self.receive_kind(SUBACK)
        assert body[-1] <= qos, f"SUBACK {body.hex()}"

    def publish_bytes(self, topic, payload, qos=0, retain=False):
        identifier = self.packet_id() if qos else b""
        return packet(PUBLISH, qos << 1 | int(retain), text(topic) + identifier + self._no_properties() + payload)

    def publish(self, topic, payload, qos=0):
        """Publishes and waits for the whole exchange; gives the reason code of the first answer (0 in 3.1.1)."""
        self.send(self.publish_bytes(topic, payload, qos))
        if qos == 0:
            return 0
        _, body = self.receive_kind(PUBACK if qos == 1 else PUBREC)
        reason = body[2] if len(body) > 2 else 0
        if qos == 2 and reason < 0x80:
            self.send(packet(PUBREL, 2, body[:2]))
            self.receive_kind(PUBCOMP)
        return reason

    def ping(self):
        self.send(packet(PINGREQ, 0, b""))
        self.receive_kind(PINGRESP)

    def disconnect(self):
        """Returns when the broker has closed, too: until then it may still hand this client what others publish."""
        self.send(packet(DISCONNECT, 0, b""))
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            raise  # the broker does not close
        except OSError:
            pass  # reset, or a TLS end without its farewell: closed all the same
        self.socket.close()

    def abort(self):
        """Closes with a reset, as a device does that loses power behind a router."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
