"""What else outlives kill -9: wills that wait, and expiry by the clock on the wall, the broker's absence included."""

import faulthandler
import struct
import time
import unittest

from durable_broker import DurableBroker, unless_durable
from durable_client import DurableClient, Hub
from harness import CASE_LIMIT_S, main, testing_tombo

WILL_DELAY, MESSAGE_EXPIRY = 0x18, 0x02
SHORT_S, LONG_S = 2, 1000


def number(identifier, value):
    return struct.pack("!BI", identifier, value)


class DurableState(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(CASE_LIMIT_S, exit=True)
        if not testing_tombo():
            self.skipTest("mosquitto keeps none of this at kill -9")
        unless_durable()
        self.hub, self.broker = Hub(), DurableBroker()
        self.addCleanup(self.broker.close)
        self.broker.start()
        self.hub.every_turn.append(self.broker.assert_alive)

    def tearDown(self):
        faulthandler.cancel_dump_traceback_later()

    def client(self, name, filters=(), level=5, **keywords):
        """Connected and subscribed; what it receives is in `got`."""
        client = DurableClient(self.hub, name, level, **keywords)
        client.got = []
        client.on_message = client.got.append
        self.connect(client)
        if filters:
            client.subscribe([(name, 2) for name in filters])
            self.hub.run(lambda: not client.requests, "SUBACK")
        return client

    def connect(self, client):
        client.connect(self.broker.port)
        self.hub.run(lambda: client.connected, f"{client.client_id} is connected")

    def kill(self, *clients):
        self.broker.crash()
        self.hub.run(lambda: not any(client.socket for client in clients), "connections end")

    def wait_for_topics(self, client, topics):
        """They come, in any order; an extra message of the client's own comes last and ends the wait."""
        client.publish("end/" + client.client_id, b"", 1)
        self.hub.run(lambda: any(one.topic.startswith("end/") for one in client.got), "the message at the end")
        self.assertEqual(sorted(one.topic for one in client.got if not one.topic.startswith("end/")), sorted(topics))

    def test_a_will_that_waits_goes_out_after_a_restart(self):
        watcher = self.client("watcher", ["will/#"])
        watcher.disconnect()
        mortals = [self.client(f"mortal-{level}", ["x"], level,
                               will=(f"will/{level}", b"gone", 1, number(WILL_DELAY, 1) if level == 5 else b"")) for level in (4, 5)]
        self.kill(*mortals)
        self.broker.again()
        self.connect(watcher)
        self.hub.run(lambda: len(watcher.got) >= 2, "the wills of clients whose connections broke with the broker")
        self.assertEqual(sorted((one.topic, one.payload) for one in watcher.got), [("will/4", b"gone"), ("will/5", b"gone")])

    def test_a_will_of_a_client_that_came_back_does_not_go_out(self):
        watcher = self.client("watcher", ["will/#", "end/watcher"])
        mortal = self.client("mortal", ["x"], will=("will/5", b"gone", 1, number(WILL_DELAY, LONG_S)))
        self.kill(watcher, mortal)
        self.broker.again()
        mortal.will = None
        self.connect(mortal)
        self.assertTrue(mortal.session_present)
        mortal.disconnect()
        self.connect(watcher)
        self.wait_for_topics(watcher, [])

    def test_messages_and_sessions_expire_while_the_broker_is_away(self):
        away = self.client("away", ["m/#", "end/away"])
        away.disconnect()
        for seconds in (SHORT_S, LONG_S):
            self.client(f"session-{seconds}", ["x"], session_expiry_s=seconds).disconnect()
        # Nobody waits for what a DISCONNECT changes: it may ride on the commit of the messages below.  Lost, it would only
        # make the session live longer, from the start on.
        time.sleep(1)
        publisher = self.client("publisher")
        begun = time.time()
        for seconds in (SHORT_S, LONG_S):
            publisher.publish(f"m/{seconds}", b"x", 1, properties=number(MESSAGE_EXPIRY, seconds))
            publisher.publish(f"r/{seconds}", b"x", 1, retain=True, properties=number(MESSAGE_EXPIRY, seconds))
        self.hub.run(lambda: not publisher.out, "acknowledgements")
        self.kill(publisher)
        time.sleep(max(0, begun + SHORT_S + 1.5 - time.time()))  # what is tested is that this time counts
        self.broker.again()
        self.connect(away)
        self.wait_for_topics(away, [f"m/{LONG_S}"])
        left = away.got[0].properties[MESSAGE_EXPIRY][0]
        self.assertLessEqual(left, LONG_S - SHORT_S)
        self.assertGreater(left, LONG_S - CASE_LIMIT_S)
        reader = self.client("reader", ["r/#", "end/reader"])
        self.hub.run(lambda: reader.got, "a retained message")
        self.wait_for_topics(reader, [f"r/{LONG_S}"])
        for seconds in (SHORT_S, LONG_S):
            again = self.client(f"session-{seconds}")
            self.assertEqual(again.session_present, seconds == LONG_S, f"session-{seconds}")


if __name__ == "__main__":
    main()
