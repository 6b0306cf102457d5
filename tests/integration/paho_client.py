"""Paho Python with waits: connect, publish, receive, each with a deadline."""

import itertools
import socket
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness import DEADLINE_S, HOST

_numbers = itertools.count(1)


def properties(kind, **values):
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class PahoClient:
    """A connected client whose network loop runs in a thread of its own."""

    def __init__(self, port, version, client_id=None, clean=True, expiry_s=0, connect=True, will=None, transport="tcp",
                 **options):
        self.port, self.version, self.clean = port, version, clean
        self.client_id = client_id or f"paho{version}-{next(_numbers)}"
        session = {} if version == paho.MQTTv5 else {"clean_session": clean}
        self.paho = paho.Client(self.client_id, protocol=version, transport=transport, **session)
        self.paho.max_inflight_messages_set(20)
        self.paho.max_queued_messages_set(0)
        self._more = threading.Condition()
        self.messages, self.subscribed, self.published = [], {}, set()
        self.connects, self.session_present, self.connack_properties = 0, None, None
        self.disconnect_codes = []
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = self._on_disconnect
        self.paho.on_message = self._on_message
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_publish = self._on_publish
        self.expiry_s, self.options = expiry_s, options
        if will:
            self.paho.will_set(**will)
        if connect:
            self.connect()

    def connect(self):
        if self.version == paho.MQTTv5:
            self.paho.connect(HOST, self.port, keepalive=60, clean_start=self.clean, properties=properties(
                PacketTypes.CONNECT, SessionExpiryInterval=self.expiry_s, **self.options))
        else:
            self.paho.connect(HOST, self.port, keepalive=60)
        before = self.connects
        self.paho.loop_start()
        self.wait(lambda: self.connects > before, f"{self.client_id} is connected")
        return self

    def _note(self, change):
        with self._more:
            change()
            self._more.notify_all()

    def _on_connect(self, client, userdata, flags, reason, props=None):
        def change():
            self.connects += 1
            self.session_present = bool(flags["session present"])
            self.connack_properties, self.reason = props, int(getattr(reason, "value", reason))
        self._note(change)

    def _on_disconnect(self, client, userdata, reason, props=None):
        self._note(lambda: self.disconnect_codes.append(int(getattr(reason, "value", reason))))

    def _on_message(self, client, userdata, message):
        self._note(lambda: self.messages.append(message))

    def _on_subscribe(self, client, userdata, mid, granted, props=None):
        self._note(lambda: self.subscribed.update({mid: [int(getattr(code, "value", code)) for code in granted]}))

    def _on_publish(self, client, userdata, mid):
        self._note(lambda: self.published.add(mid))

    def wait(self, condition, what, deadline_s=DEADLINE_S):
        end = time.monotonic() + deadline_s
        with self._more:
            while not condition():
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"not within {deadline_s} s: {what}")
                self._more.wait(min(left, 1))

    def subscribe(self, topic, qos=0, **keywords):
        _, mid = self.paho.subscribe(topic, qos, **keywords)
        self.wait(lambda: mid in self.subscribed, f"SUBACK for {topic}")
        return self.subscribed[mid]

    def unsubscribe(self, topic):
        done = threading.Event()
        self.paho.on_unsubscribe = lambda *_: done.set()
        self.paho.unsubscribe(topic)
        assert done.wait(DEADLINE_S), f"no UNSUBACK for {topic}"

    def publish(self, topic, payload="", qos=0, retain=False, **values):
        """Publishes without waiting for the end of the exchange; gives Paho's handle."""
        given = properties(PacketTypes.PUBLISH, **values) if values else None
        return self.paho.publish(topic, payload, qos, retain, properties=given)

    def publish_done(self, *arguments, **keywords):
        info = self.publish(*arguments, **keywords)
        self.wait(lambda: info.mid in self.published, f"the exchange of {arguments[0]} is complete")

    def payloads(self):
        return [message.payload.decode() for message in self.messages]

    def wait_messages(self, count, deadline_s=DEADLINE_S):
        try:
            self.wait(lambda: len(self.messages) >= count, "", deadline_s)
        except AssertionError:
            raise AssertionError(f"{self.client_id} has {len(self.messages)} of {count} messages") from None
        return self.messages

    def cut(self):
        """Ends the connection without DISCONNECT, and stays away."""
        self.paho.reconnect_delay_set(600, 600)
        self.paho.socket().shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()

    def disconnect(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def end(self):
        """After the test: whatever state the client is in."""
        self.paho.disconnect()
        self.paho.loop_stop()
