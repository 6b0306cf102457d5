"""An MQTT client whose protocol state outlives its connection, byte by byte, in 3.1.1 and 5.0.

Libraries hide what a test of durability must know: which PUBLISH is unacknowledged, which PUBREL is owed, which QoS 2
packet ids were received and not released.  Here they are plain fields; they survive a broken connection and are put to
use when the next one begins, as the standard demands (4.3, 4.4).  Many clients share one thread through a Hub.
"""

import selectors
import socket
import struct
import time

from harness import DEADLINE_S, HOST
from raw_client import (CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL,
                        SUBACK, SUBSCRIBE, packet, text, varint)

UNSUBSCRIBE, UNSUBACK = 10, 11
SESSION_EXPIRY, RECEIVE_MAXIMUM, SUBSCRIPTION_ID, REASON_STRING = 0x11, 0x21, 0x0B, 0x1F
# How the values of properties are laid out: bytes, or s for a string, p for a pair, v for a variable length number.
PROPERTY_FORMS = {0x01: 1, 0x02: 4, 0x03: "s", 0x08: "s", 0x09: "s", 0x0B: "v", 0x11: 4, 0x12: "s", 0x13: 2, 0x15: "s",
                  0x16: "s", 0x17: 1, 0x18: 4, 0x19: 1, 0x1A: "s", 0x1C: "s", 0x1F: "s", 0x21: 2, 0x22: 2, 0x23: 2,
                  0x24: 1, 0x25: 1, 0x26: "p", 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}


def read_varint(body, at):
    value, shift = 0, 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def read_properties(body, at):
    """The properties that begin at `at` as {identifier: [values]}, and where they end."""
    length, at = read_varint(body, at)
    end, found = at + length, {}
    while at < end:
        identifier, form = body[at], PROPERTY_FORMS[body[at]]
        at += 1
        if form == "v":
            value, at = read_varint(body, at)
        elif form in ("s", "p"):
            value = []
            for _ in range(2 if form == "p" else 1):
                size = body[at] << 8 | body[at + 1]
                value.append(body[at + 2:at + 2 + size])
                at += 2 + size
            value = value[0] if form == "s" else tuple(value)
        else:
            value, at = int.from_bytes(body[at:at + form], "big"), at + form
        found.setdefault(identifier, []).append(value)
    return found, end


class Outgoing:
    """A PUBLISH of QoS 1 or 2 that is not finished; `token` is the application's name for it."""

    __slots__ = ("topic", "payload", "qos", "retain", "properties", "token", "released", "tried")

    def __init__(self, topic, payload, qos, retain, properties, token):
        self.topic, self.payload, self.qos, self.retain = topic, payload, qos, retain
        self.properties, self.token = properties, token
        self.released = False  # PUBREC has come: PUBREL is what is owed
        self.tried = False  # was written to some connection: the next time is with DUP


class Incoming:
    """An application message as it came, once for each time that the protocol lets it through."""

    __slots__ = ("topic", "payload", "qos", "dup", "retain", "properties")

    def __init__(self, topic, payload, qos, dup, retain, properties):
        self.topic, self.payload, self.qos, self.dup, self.retain = topic, payload, qos, dup, retain
        self.properties = properties

    @property
    def subscription_ids(self):
        return tuple(sorted(self.properties.get(SUBSCRIPTION_ID, ())))


class Hub:
    """One selector for many clients; nothing happens outside of run()."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.every_turn = []  # called after each turn, before bytes are written
        self.dirty = set()

    def run(self, condition, what, deadline_s=DEADLINE_S):
        """Turns until the condition holds; fails when that takes longer than the deadline."""
        end = time.monotonic() + deadline_s
        while True:
            self.turn(0)
            if condition():
                return
            if time.monotonic() > end:
                raise AssertionError(f"not within {deadline_s} s: {what}")
            self.turn(0.02)

    def turn(self, timeout):
        for key, events in self.selector.select(timeout):
            client = key.data
            if events & selectors.EVENT_READ:
                client.read()
            if events & selectors.EVENT_WRITE:
                self.dirty.add(client)
        for call in self.every_turn:
            call()
        dirty, self.dirty = self.dirty, set()
        for client in dirty:
            client.flush()


class DurableClient:
    """One client id: its session's state, and a connection while there is one."""

    def __init__(self, hub, client_id, level, clean=False, session_expiry_s=3600, ack_every=1, keep_alive=0, will=None):
        self.hub, self.client_id, self.level = hub, client_id, level
        self.clean, self.session_expiry_s, self.keep_alive, self.will = clean, session_expiry_s, keep_alive, will
        self.ack_every = ack_every  # answers are held back until there are so many, as busy clients do
        # The session, as the standard lists it for the client (4.1).
        self.out = {}  # packet id -> Outgoing, in the order of sending
        self.received_2 = set()  # packet ids of QoS 2 messages received and not released
        self.requests = {}  # packet id -> (kind, token, bytes) of SUBSCRIBE and UNSUBSCRIBE without answer
        self.last_id = 0
        # The connection.
        self.socket = None
        self.connected = False  # CONNACK has come
        self.session_present = None
        self.receive_max = 65535
        self.inbox, self.outbox, self.held, self.held_count = bytearray(), bytearray(), bytearray(), 0
        self.pings_open = 0
        self.closed_by = None  # why the broker went, if it said so
        # What the application wants to hear.
        self.on_message = lambda incoming: None
        self.on_acknowledged = lambda token, reason: None  # PUBACK, PUBREC
        self.on_answered = lambda token, codes: None  # SUBACK, UNSUBACK
        self.on_connected = lambda session_present: None

    # --- the connection

    def connect(self, port):
        """Begins to connect; the hub finishes it."""
        self.socket = socket.create_connection((HOST, port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.inbox, self.outbox, self.held, self.held_count = bytearray(), bytearray(), bytearray(), 0
        self.connected, self.session_present, self.pings_open, self.closed_by = False, None, 0, None
        flags = 2 if self.clean else 0
        body = text("MQTT") + bytes([self.level])
        after = text(self.client_id)
        if self.will:
            topic, payload, qos, properties = self.will
            flags |= 4 | qos << 3
            if self.level == 5:
                after += varint(len(properties)) + properties
            after += text(topic) + struct.pack("!H", len(payload)) + payload
        body += bytes([flags]) + struct.pack("!H", self.keep_alive)
        if self.level == 5:
            properties = struct.pack("!BI", SESSION_EXPIRY, self.session_expiry_s)
            body += varint(len(properties)) + properties
        self.write(packet(CONNECT, 0, body + after))
        self.hub.selector.register(self.socket, selectors.EVENT_READ, self)

    def write(self, data):
        self.outbox += data
        self.hub.dirty.add(self)

    def flush(self):
        if self.socket is None or not self.outbox:
            return
        try:
            sent = self.socket.send(self.outbox)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # what the broker said before it went is still to be read; read() sees the end
        del self.outbox[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outbox else 0)
        self.hub.selector.modify(self.socket, wanted, self)

    def drop(self):
        """Forgets the connection, not the session."""
        if self.socket is None:
            return
        self.hub.selector.unregister(self.socket)
        self.socket.close()
        self.socket, self.connected = None, False

    def disconnect(self):
        self.release_held()
        self.write(packet(DISCONNECT, 0, b""))
        self.flush()
        self.drop()

    def read(self):
        try:
            data = self.socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop()
            return
        self.inbox += data
        self._take_packets()

    def _take_packets(self):
        buffer, at, end = bytes(self.inbox), 0, len(self.inbox)
        while end - at >= 2:
            length, body_at, shift = 0, at + 1, 0
            while body_at < end:
                byte = buffer[body_at]
                length |= (byte & 0x7F) << shift
                shift, body_at = shift + 7, body_at + 1
                if not byte & 0x80:
                    break
            else:
                break
            if buffer[body_at - 1] & 0x80 or end - body_at < length:
                break
            self._handle(buffer[at] >> 4, buffer[at] & 15, buffer[body_at:body_at + length])
            at = body_at + length
            if self.socket is None:
                return
        del self.inbox[:at]

    # --- what comes

    def _handle(self, kind, flags, body):
        if kind == PUBLISH:
            self._publish_came(flags, body)
        elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
            self._step_came(kind, body[0] << 8 | body[1], body[2] if len(body) > 2 else 0)
        elif kind in (SUBACK, UNSUBACK):
            request = self.requests.pop(body[0] << 8 | body[1], None)
            at = read_properties(body, 2)[1] if self.level == 5 else 2
            if request:
                self.on_answered(request[1], tuple(body[at:]))
        elif kind == CONNACK:
            self._connack_came(body)
        elif kind == PINGRESP:
            self.pings_open -= 1
        elif kind == DISCONNECT:
            self.closed_by = body[0] if body else 0

    def _publish_came(self, flags, body):
        qos, size = flags >> 1 & 3, body[0] << 8 | body[1]
        topic, at, identifier, properties = body[2:2 + size].decode(), 2 + size, 0, {}
        if qos:
            identifier, at = body[at] << 8 | body[at + 1], at + 2
        if self.level == 5:
            properties, at = read_properties(body, at)
        if not (qos == 2 and identifier in self.received_2):
            self.on_message(Incoming(topic, body[at:], qos, bool(flags & 8), bool(flags & 1), properties))
        if qos == 2:
            self.received_2.add(identifier)
        if qos:
            self.answer(struct.pack("!BBH", (PUBACK if qos == 1 else PUBREC) << 4, 2, identifier))

    def _step_came(self, kind, identifier, reason):
        if kind == PUBREL:
            self.received_2.discard(identifier)
            self.answer(struct.pack("!BBH", PUBCOMP << 4, 2, identifier))
            return
        message = self.out.get(identifier)
        if message is None:
            return
        if kind == PUBREC and reason < 0x80:
            self.write(struct.pack("!BBH", PUBREL << 4 | 2, 2, identifier))
            if message.released:
                return
            message.released = True
            self.on_acknowledged(message.token, reason)
            return
        if kind == PUBCOMP and not message.released:
            raise AssertionError(f"{self.client_id}: PUBCOMP for {identifier} that was not released")
        del self.out[identifier]
        if kind != PUBCOMP:
            self.on_acknowledged(message.token, reason)

    def _connack_came(self, body):
        assert body[1] == 0, f"{self.client_id}: CONNECT refused with 0x{body[1]:02x}"
        properties = read_properties(body, 2)[0] if self.level == 5 else {}
        self.receive_max = properties.get(RECEIVE_MAXIMUM, [65535])[0]
        self.connected, self.session_present = True, bool(body[0] & 1)
        if not self.session_present:
            self._begin_anew()
        self.on_connected(self.session_present)
        for identifier, message in self.out.items():
            if message.released:
                self.write(struct.pack("!BBH", PUBREL << 4 | 2, 2, identifier))
            else:
                self._write_publish(identifier, message)
        for _, _, data in self.requests.values():
            self.write(data)

    def _begin_anew(self):
        """The broker has no session: ours is void (3.2.2.1.1), and what was not taken over is published anew."""
        self.received_2.clear()
        self.out = {identifier: message for identifier, message in self.out.items() if not message.released}
        for message in self.out.values():
            message.tried = False

    # --- what goes

    def answer(self, data):
        self.held += data
        self.held_count += 1
        if self.held_count >= self.ack_every:
            self.release_held()

    def release_held(self):
        if self.held:
            self.write(bytes(self.held))
            self.held.clear()
            self.held_count = 0

    def packet_id(self):
        while True:
            self.last_id = self.last_id % 65535 + 1
            if self.last_id not in self.out and self.last_id not in self.requests:
                return self.last_id

    def room(self):
        """How many further PUBLISH of QoS 1 and 2 the broker allows now."""
        return self.receive_max - len(self.out) if self.connected else 0

    def publish(self, topic, payload, qos, retain=False, token=None, properties=b""):
        if qos == 0:
            self._write_publish(0, Outgoing(topic, payload, 0, retain, properties, token))
            return
        identifier, message = self.packet_id(), Outgoing(topic, payload, qos, retain, properties, token)
        self.out[identifier] = message
        self._write_publish(identifier, message)

    def _write_publish(self, identifier, message):
        flags = (8 if message.tried and message.qos else 0) | message.qos << 1 | int(message.retain)
        body = text(message.topic) + (struct.pack("!H", identifier) if message.qos else b"")
        if self.level == 5:
            body += varint(len(message.properties)) + message.properties
        self.write(packet(PUBLISH, flags, body + message.payload))
        message.tried = True

    def subscribe(self, filters, token=None, subscription_id=0):
        """`filters` are pairs of filter and QoS."""
        self._request(SUBSCRIBE, token, subscription_id, b"".join(text(name) + bytes([qos]) for name, qos in filters))

    def unsubscribe(self, filters, token=None):
        self._request(UNSUBSCRIBE, token, 0, b"".join(text(name) for name in filters))

    def _request(self, kind, token, subscription_id, rest):
        identifier, properties = self.packet_id(), b""
        if self.level == 5:
            number = bytes([SUBSCRIPTION_ID]) + varint(subscription_id) if subscription_id else b""
            properties = varint(len(number)) + number
        data = packet(kind, 2, struct.pack("!H", identifier) + properties + rest)
        self.requests[identifier] = (kind, token, data)
        if self.connected:
            self.write(data)

    def ping(self):
        self.pings_open += 1
        self.write(packet(PINGREQ, 0, b""))
