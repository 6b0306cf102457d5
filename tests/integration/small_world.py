"""A few publishers and absent subscribers around a durable broker that something bad happens to."""

import time

from durable_client import DurableClient, Hub
from durable_history import History, Subscription, report
from harness import DEADLINE_S

WINDOW = 50
STILL_S = 8


class SmallWorld:
    """Publishers p0 (3.1.1) and p1 (5.0), who use both QoS; sessions of both versions whose clients are away."""

    def __init__(self, broker):
        self.broker, self.history, self.hub, self.rest = broker, History(), Hub(), 0
        self.hub.every_turn.append(broker.assert_alive)
        self.refused, self.refused_with = 0, None
        self.publishers = [self._publisher(number, 4 + number) for number in range(2)]
        self.away = [self._subscriber("away-v4", 4, 1), self._subscriber("away-v5", 5, 2)]

    def _publisher(self, number, level):
        client = DurableClient(self.hub, f"p{number}", level)
        client.on_acknowledged = self._acknowledged
        client.on_connected = lambda present: self._connected(client, present)
        client.on_answered = lambda token, codes: None
        client.settled = False
        client.subscribe([("control", 1)])
        return client

    def _subscriber(self, name, level, qos):
        client, session = DurableClient(self.hub, name, level), self.history.session(name)
        client.on_message = lambda incoming: self.history.received(session, incoming.payload, incoming.qos)
        client.on_connected = lambda present: self._connected(client, present)
        client.on_answered = lambda subscription, codes: self.history.subscribed(subscription)
        client.settled = False
        session.subscriptions.append(Subscription("d/#", qos))
        client.subscribe([("d/#", qos)], session.subscriptions[0])
        return client

    def _connected(self, client, present):
        if client.settled and not present:
            self.history.wrong("session", f"{client.client_id} was there and is not")

    def _acknowledged(self, message, reason):
        """What is refused was not taken over; its publisher may send it again as something new."""
        if reason >= 0x80:
            self.refused += 1
            self.refused_with = reason
        else:
            self.history.acknowledged(message)

    @property
    def clients(self):
        return self.publishers + self.away

    def connect(self, clients):
        for client in clients:
            client.connect(self.broker.port)
        self.hub.run(lambda: all(client.connected for client in clients), "clients are connected")

    def begin(self):
        """The sessions are made, and the publishers are connected."""
        self.connect(self.clients)
        self.hub.run(lambda: not any(client.requests for client in self.clients), "SUBACKs")
        for client in self.clients:
            client.settled = True
        for client in self.away:
            client.disconnect()

    def one_more_publisher(self):
        """A publisher of 5.0 with an empty window, whose session nobody counts on."""
        client = self._publisher(len(self.publishers), 5)
        client.requests.clear()
        client.connect(self.broker.port)
        self.hub.run(lambda: client.connected, "a client is connected")
        self.publishers.append(client)

    def publish(self, count, size=100):
        """So many more, as windows allow; does not wait for the last acknowledgements."""
        self.submit(count)
        self.hub.run(lambda: self.pump(size) == 0, f"{count} messages are sent")

    def submit(self, count):
        """So many more are to be sent by pump()."""
        self.rest += count

    def pump(self, size=100):
        """Sends what windows allow; how many are left."""
        for client in self.publishers:
            while self.rest and client.connected and len(client.out) < WINDOW:
                kind = self.rest % 10
                qos, retain = 1 + self.rest // 2 % 2, kind == 0
                topic = f"r/{client.client_id}/{self.rest // 10 % 2}" if retain else f"d/{client.client_id}/{kind % 3}"
                if retain:
                    qos = 1
                message = self.history.sent(client.client_id, topic, qos, retain)
                client.publish(topic, message.payload(size), qos, retain, message)
                self.rest -= 1
        return self.rest

    def under_way(self):
        return sum(len(client.out) for client in self.publishers)

    def acknowledged(self):
        return sum(message.acked_at is not None for message in self.history.messages.values())

    def wait_acknowledged(self, deadline_s=DEADLINE_S):
        self.hub.run(lambda: self.pump() == 0 and self.under_way() == 0, "everything is acknowledged", deadline_s)

    def lose_connections(self):
        """After the broker has gone: reads what it said last."""
        self.hub.run(lambda: not any(client.socket for client in self.clients), "connections end")

    def drain(self):
        """Everybody comes back; gives what is wrong once all has come."""
        self._look_at_retained()
        self.connect(self.clients)
        self.hub.run(lambda: self.pump() == 0 and self.under_way() == 0, "everything is acknowledged")
        moved_at, before = time.monotonic(), None
        while self.history.missing() and time.monotonic() < moved_at + STILL_S:
            self.hub.turn(0.02)
            if before != (before := self.history.moment):
                moved_at = time.monotonic()
        for client in self.clients:
            client.ping()
        self.hub.run(lambda: not any(client.pings_open for client in self.clients), "PINGRESP")
        for client in self.clients:
            client.disconnect()
        return self.history.violations()

    def _look_at_retained(self):
        found = {}
        looker = DurableClient(self.hub, "looker", 5, clean=True, session_expiry_s=0)
        looker.on_message = lambda incoming: found.__setitem__(incoming.topic, incoming.payload)
        looker.connect(self.broker.port)
        looker.subscribe([("r/#", 1), ("look", 0)])
        self.hub.run(lambda: looker.connected and not looker.requests, "SUBACK")
        owed = [topic for topic in self.history.retained if not self.history.retained_bounds(topic)[1]]
        end = time.monotonic() + STILL_S
        while not all(topic in found for topic in owed) and time.monotonic() < end:
            self.hub.turn(0.02)
        looker.publish("look", b"end", 0)
        self.hub.run(lambda: "look" in found, "a message after the retained ones")
        del found["look"]
        looker.disconnect()
        self.history.retained_seen(found, "after the start")

    def assert_nothing_lost(self, test, what):
        violations = self.drain()
        if violations:
            test.fail(f"{what}: {report(violations)}\n{self.broker.tail(20)}")
