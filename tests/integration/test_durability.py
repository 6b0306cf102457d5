"""Nothing acknowledged is ever lost: publishers and sessions of all kinds, and a broker that is killed again and again.

  SEED     of everything that is chosen by chance (default: a new one; printed)
  ROUNDS   lives of the broker (default 30)
"""

import faulthandler
import os
import random
import time
import unittest

from durable_broker import DurableBroker, unless_durable
from durable_client import DurableClient, Hub
from durable_history import History, Subscription, matches, report
from harness import CASE_LIMIT_S, main, sanitized, wait_until

PUBLISHERS, TOPICS, RETAINED = 6, 4, 3  # topics and retained topics of each publisher
WINDOW = 40
QUIET_S = 0.3  # nothing moves for so long: worth a look whether everything is there
STILL_S = 8  # the end is a failure when nothing moves for so long


class Publisher:
    """Sends at random, up to its window, to topics of its own; one QoS for each retained topic."""

    def __init__(self, world, number):
        self.world, self.number, self.name = world, number, f"p{number}"
        self.client = DurableClient(world.hub, f"publisher-{number}", 4 + number % 2)
        self.client.on_acknowledged = self.acknowledged
        self.client.on_connected = lambda present: world.connected(self.client, present)
        self.client.on_answered = lambda token, codes: world.granted(self.client, codes)

    def acknowledged(self, message, reason):
        self.world.history.acknowledged(message, reason)
        self.world.acks += 1

    def fill(self):
        client = self.client
        while client.connected and len(client.out) < min(WINDOW, client.receive_max):
            self.publish_one()

    def publish_one(self):
        chance = self.world.chance
        kind = chance.random()
        if kind < 0.1:
            at = chance.randrange(RETAINED)
            self.publish(f"r/{self.name}/{at}", 1 + at % 2, retain=True, empty=chance.random() < 0.1)
        elif kind < 0.15 and self.world.round:
            self.publish(f"g/{chance.randrange(self.world.round)}/{self.name}", chance.choice((1, 2)))
        else:
            self.publish(f"d/{self.name}/{chance.randrange(TOPICS)}", chance.choice((1, 2)))

    def publish(self, topic, qos, retain=False, empty=False):
        message = self.world.history.sent(self.name, topic, qos, retain, empty)
        self.client.publish(topic, message.payload(self.world.chance.choice((0, 64, 300))), qos, retain, message)

    def publish_last(self):
        """One more to each of its streams: what should not come any more would have to come before these."""
        for at in range(TOPICS):
            for qos in (1, 2):
                self.publish(f"d/{self.name}/{at}", qos)
        for at in range(RETAINED):
            self.publish(f"r/{self.name}/{at}", 1 + at % 2, retain=True)


class Subscriber:
    """A persistent session; `online` is how likely its client is there in a round."""

    def __init__(self, world, name, level, filters, online=0.0, group=None, ack_every=1):
        self.world, self.name, self.online = world, name, online
        self.client = DurableClient(world.hub, name, level, ack_every=ack_every)
        self.client.on_message = self.message_came
        self.client.on_answered = self.answered
        self.client.on_connected = lambda present: world.connected(self.client, present)
        self.session = world.history.session(name, group)
        for topic_filter, qos, identifier in filters:
            self.subscribe(topic_filter, qos, identifier)

    def subscribe(self, topic_filter, qos, identifier=0):
        subscription = Subscription(topic_filter, qos, identifier)
        self.session.subscriptions.append(subscription)
        self.client.subscribe([(topic_filter, qos)], subscription, identifier)

    def unsubscribe(self, subscription):
        subscription.unsubscribe_sent_at = self.world.history.tick()
        self.client.unsubscribe([subscription.filter], subscription)

    def answered(self, subscription, codes):
        if subscription.unsubscribe_sent_at is not None and subscription.acked_at is not None:
            subscription.unsubscribed_at = self.world.history.tick()
            return
        self.world.granted(self.client, codes)
        self.world.history.subscribed(subscription)

    def message_came(self, incoming):
        if incoming.payload:
            self.world.history.received(self.session, incoming.payload, incoming.qos, incoming.subscription_ids)
        elif not incoming.topic.startswith("r/"):
            self.world.history.wrong("ghost", f"{self.name} had an empty message on {incoming.topic}")


class World:
    """All clients, the broker, and what was seen."""

    def __init__(self, seed):
        self.chance, self.history, self.hub = random.Random(seed), History(), Hub()
        self.broker = DurableBroker(mosquitto="allow_duplicate_messages false")
        self.acks, self.round, self.subscribed_once = 0, 0, set()
        self.publishers = [Publisher(self, number) for number in range(PUBLISHERS)]
        self.growing = Subscriber(self, "growing-v5", 5, [], online=1.0)
        self.subscribers = [
            Subscriber(self, "online-v4", 4, [("d/#", 1, 0)], online=1.0),
            Subscriber(self, "online-v5", 5, [("d/#", 2, 3)], online=1.0),
            Subscriber(self, "away-v4-qos1", 4, [("d/+/1", 1, 0)]),
            Subscriber(self, "away-v4-qos2", 4, [("d/p0/0", 2, 0), ("d/p1/2", 2, 0)]),
            Subscriber(self, "away-v5-qos1", 5, [("d/p2/#", 1, 268435455)]),
            Subscriber(self, "away-v5-overlap", 5, [("d/#", 2, 11), ("d/p1/+", 2, 12)]),
            Subscriber(self, "flaky-v4", 4, [("d/+/0", 2, 0)], online=0.5),
            Subscriber(self, "flaky-v5", 5, [("d/p3/+", 2, 7), ("d/p4/+", 1, 8)], online=0.5, ack_every=30),
            Subscriber(self, "share-v4", 4, [("$share/group/d/#", 2, 0)], online=0.5, group="group"),
            Subscriber(self, "share-v5", 5, [("$share/group/d/#", 2, 0)], online=0.5, group="group"),
            Subscriber(self, "away-retained", 5, [("r/#", 1, 21)]),
            self.growing,
        ]

    def clients(self):
        return [one.client for one in self.publishers + self.subscribers]

    def connected(self, client, session_present):
        if client.client_id in self.subscribed_once and not session_present:
            self.history.wrong("session", f"{client.client_id} was there and is not (round {self.round})")

    def granted(self, client, codes):
        self.subscribed_once.add(client.client_id)
        if any(code >= 0x80 for code in codes):
            self.history.wrong("refused", f"a subscription of {client.client_id}: {codes}")

    def connect(self, ones):
        for one in ones:
            one.client.connect(self.broker.port)
        self.hub.run(lambda: all(one.client.connected for one in ones), "all clients are connected")

    def set_up(self):
        """Every session is made and acknowledged by a SUBACK before the first kill, so it must be there ever after."""
        self.broker.start()
        for publisher in self.publishers:
            publisher.client.subscribe([(f"control/{publisher.name}", 1)])
        self.connect(self.publishers + self.subscribers)
        self.hub.run(lambda: not any(client.requests for client in self.clients()), "all SUBACKs")
        for client in self.clients():
            client.disconnect()
        self.broker.crash()

    def look_at_retained(self):
        """What somebody new is sent before any publisher is back."""
        found, marker = {}, f"look/{self.round}"
        looker = DurableClient(self.hub, "looker", 5, clean=True, session_expiry_s=0)
        looker.on_message = lambda incoming: found.__setitem__(incoming.topic, incoming.payload)
        looker.connect(self.broker.port)
        looker.subscribe([("r/#", 1), (marker, 1)])
        self.hub.run(lambda: looker.connected and not looker.requests, "SUBACK")
        owed = [topic for topic in self.history.retained if not self.history.retained_bounds(topic)[1]]
        try:
            self.hub.run(lambda: all(topic in found for topic in owed), "retained messages", deadline_s=5)
        except AssertionError:
            pass  # the history says which are missing
        looker.publish(marker, b"end", 1)
        self.hub.run(lambda: marker in found, "a message after the retained ones")
        del found[marker]
        looker.disconnect()
        self.history.retained_seen(found, f"round {self.round}")

    def change_subscriptions(self):
        """One more filter each round; every other one goes again two rounds later."""
        self.growing.subscribe(f"g/{self.round}/+", 1 + self.round % 2, self.round + 100)
        old = [s for s in self.growing.session.subscriptions if s.filter == f"g/{self.round - 2}/+"]
        if self.round % 2 and old and old[0].acked_at is not None:
            self.growing.unsubscribe(old[0])

    def live_and_die(self):
        """One life of the broker, ended by kill -9 once so many acknowledgements were read."""
        self.broker.launch()
        if self.chance.random() < 0.25:  # killed while it recovers
            time.sleep(self.chance.random() * 0.06)
            self.broker.crash()
            self.broker.launch()
        wait_until(self.broker.accepts, "the broker accepts connections")
        self.look_at_retained()
        here = self.publishers + [one for one in self.subscribers if self.chance.random() < one.online]
        self.connect(here)
        self.change_subscriptions()
        self.hub.every_turn = [self.broker.assert_alive, *(publisher.fill for publisher in self.publishers)]
        goal = self.acks + self.chance.randrange(1, 400 if sanitized() else 2500)
        self.hub.run(lambda: self.acks >= goal, f"acknowledgement {goal}")
        self.hub.every_turn = [self.broker.assert_alive]
        self.broker.crash()
        self.hub.run(lambda: not any(client.socket for client in self.clients()), "connections end")

    def drain(self):
        """The last life: everybody is there until nothing is owed; a last message on every stream closes it."""
        self.broker.start()
        self.look_at_retained()
        self.connect(self.publishers + self.subscribers)
        self.settle()
        for client in self.clients():
            client.disconnect()
        self.connect(self.publishers + self.subscribers)
        for publisher in self.publishers:
            publisher.publish_last()
        self.settle()
        for topic in self.history.retained:  # now there is only one right answer for each
            assert len(self.history.retained_bounds(topic)[0]) == 1
        self.look_at_retained()

    def settle(self):
        """Until nothing is under way and nothing missing, or nothing has moved for STILL_S."""
        moved_at, before, looked_at = time.monotonic(), None, None
        while True:
            for client in self.clients():
                client.release_held()
            self.hub.turn(0.05)
            now = (self.history.moment, sum(len(client.out) + len(client.requests) for client in self.clients()))
            if now != before:
                moved_at, before = time.monotonic(), now
            elif now[1] == 0 and time.monotonic() > moved_at + (QUIET_S if looked_at != now else STILL_S):
                looked_at = now  # looking takes a while: once for each standstill
                if not self.history.missing() or time.monotonic() > moved_at + STILL_S:
                    return
            elif time.monotonic() > moved_at + 2 * STILL_S:
                raise AssertionError(f"{now[1]} packets stay without an answer:\n{self.broker.tail()}")

    def close(self):
        for client in self.clients():
            client.drop()
        self.broker.close()


class Durability(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(CASE_LIMIT_S, exit=True)
        unless_durable()

    def tearDown(self):
        faulthandler.cancel_dump_traceback_later()

    def test_nothing_acknowledged_is_lost_over_many_kills(self):
        seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
        rounds = int(os.environ.get("ROUNDS") or (8 if sanitized() else 30))
        print(f"SEED={seed} ROUNDS={rounds}", flush=True)
        world = World(seed)
        try:
            world.set_up()
            for world.round in range(1, rounds + 1):
                world.live_and_die()
            world.round += 1
            world.drain()
            world.broker.stop()
        except AssertionError as failure:
            raise AssertionError(f"SEED={seed} round {world.round}: {failure}\n{report(world.history.violations())}") from failure
        finally:
            world.close()
        print(f"{rounds} kills: {world.history.summary()}", flush=True)
        violations = world.history.violations()
        if violations:
            self.fail(f"SEED={seed} ROUNDS={rounds} {report(violations)}")
        kept = [s.filter for s in world.growing.session.subscriptions if s.unsubscribe_sent_at is None]
        self.assertGreater(len(kept), rounds // 3)
        self.assertTrue(all(world.history.numbers[(p.name, f"d/{p.name}/{at}", qos)] > 0
                            for p in world.publishers for at in range(TOPICS) for qos in (1, 2)))


class Checker(unittest.TestCase):
    """The checker finds what is wrong in histories that are written by hand, and nothing in a good one."""

    def setUp(self):
        self.history = History()
        self.session = self.history.session("s")
        self.session.subscriptions.append(Subscription("t/#", 2, 5))
        self.history.subscribed(self.session.subscriptions[0])

    def publish(self, qos=1, topic="t/1", acknowledged=True, **keywords):
        message = self.history.sent("p", topic, qos, **keywords)
        if acknowledged:
            self.history.acknowledged(message)
        return message

    def receive(self, message, session=None, qos=None, identifiers=(5,)):
        self.history.received(session or self.session, message.payload(50), message.qos if qos is None else qos, identifiers)

    def kinds(self):
        return sorted({violation.kind for violation in self.history.violations()})

    def test_a_good_history_has_nothing(self):
        first, second = self.publish(), self.publish()
        for message in (first, second, first, second):  # QoS 1 may repeat
            self.receive(message)
        self.receive(self.publish(2))
        self.publish(acknowledged=False)  # may be missing
        self.assertEqual(self.kinds(), [])

    def test_loss(self):
        self.publish()
        self.receive(self.publish())
        self.assertEqual(self.kinds(), ["loss"])

    def test_what_was_sent_before_the_subscription_is_not_owed(self):
        late = Subscription("late", 1)
        self.session.subscriptions.append(late)
        self.publish(topic="late")
        self.history.subscribed(late)
        self.assertEqual(self.kinds(), [])
        self.publish(topic="late")
        self.assertEqual(self.kinds(), ["loss"])

    def test_duplicate(self):
        message = self.publish(2)
        self.receive(message)
        self.receive(message)
        self.assertEqual(self.kinds(), ["duplicate"])

    def test_duplicate_in_a_group(self):
        message = self.publish(2, topic="shared")
        for name in ("a", "b"):
            member = self.history.session(name, "group")
            member.subscriptions.append(Subscription("$share/g/shared", 2))
            self.history.subscribed(member.subscriptions[0])
            self.receive(message, member, identifiers=())
        self.assertEqual(self.kinds(), ["duplicate"])

    def test_inversion(self):
        first, second = self.publish(), self.publish()
        self.receive(second)
        self.receive(first)
        self.assertEqual(self.kinds(), ["inversion"])

    def test_stale_missing_and_unknown_retained(self):
        first = self.publish(topic="r", retain=True)
        second = self.publish(topic="r", retain=True)
        third = self.publish(topic="r", retain=True, acknowledged=False)
        for good in (second, third):
            self.history.retained_seen({"r": good.payload(64)}, "now")
        self.assertEqual(self.kinds(), [])
        for bad in ({"r": first.payload(64)}, {}, {"other": b"x"}):
            self.history.seen_at_once.clear()
            self.history.retained_seen(bad, "now")
            self.assertIn("retained", self.kinds())
        self.publish(topic="r", retain=True, empty=True)
        self.history.seen_at_once.clear()
        self.history.retained_seen({}, "now")
        self.assertEqual(self.kinds(), [])
        self.history.retained_seen({"r": third.payload()}, "now")
        self.assertEqual(self.kinds(), ["retained"])

    def test_wrong_qos_identifier_subscription_or_payload(self):
        message = self.publish()
        self.receive(message, qos=0)
        self.assertEqual(self.kinds(), ["form"])
        self.session.received.clear()
        self.receive(message, identifiers=(6,))
        self.assertEqual(self.kinds(), ["form"])
        self.session.received.clear()
        self.receive(message)
        self.session.subscriptions[0].unsubscribe_sent_at = self.session.subscriptions[0].unsubscribed_at = self.history.tick()
        self.receive(self.publish())
        self.assertEqual(self.kinds(), ["unsubscribed"])
        self.history.received(self.session, b"p|t/1|1|99|", 1)
        self.assertIn("ghost", self.kinds())

    def test_filters(self):
        for topic_filter, topic, fits in (("a/#", "a", True), ("a/#", "a/b/c", True), ("a/+", "a/b", True), ("a/+", "a", False),
                                          ("a/+", "a/b/c", False), ("$share/g/a/b", "a/b", True), ("a/b", "a/bc", False)):
            self.assertEqual(matches(topic_filter, topic), fits, (topic_filter, topic))


if __name__ == "__main__":
    main()
