"""A disk that is full or fails: no acknowledgement without a sync, no crash, nothing lost, and on it goes when it can.
Memory that is exhausted: it says so, ends, and nothing is lost.

  FAULT_SHIM   libfault_shim.so (fault_shim.c), said by CMake
"""

import errno
import faulthandler
import os
import re
import signal
import unittest
from pathlib import Path

from durable_broker import DurableBroker, unless_durable
from durable_client import DurableClient
from fault_control import KINDS, FaultControl
from harness import CASE_LIMIT_S, main, testing_tombo, wait_until
from small_disk import MemoryDisk
from small_world import SmallWorld

DISK_MB = 48
BIG = 20_000  # bytes of a payload: a hundred of these are more than any slack on the disk
PATIENCE_S = 30
SPEAKS_OF_STORE = re.compile(r"\b(store|disk|persist)", re.I)


def shim():
    return Path(os.environ.get("FAULT_SHIM", "libfault_shim.so"))


class DurableCase(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(CASE_LIMIT_S, exit=True)
        if not testing_tombo():
            self.skipTest("tombo's own promise")
        unless_durable()

    def tearDown(self):
        faulthandler.cancel_dump_traceback_later()

    def kill_and_check(self, world, what):
        world.broker.crash()
        world.lose_connections()
        world.broker.again()
        world.assert_nothing_lost(self, what)
        world.broker.stop()


class FullDisk(DurableCase):
    def setUp(self):
        super().setUp()
        self.disk = MemoryDisk(DISK_MB)
        self.addCleanup(self.disk.close)

    def begin(self, on_error):
        broker = DurableBroker(f'on_error = "{on_error}"', store=self.disk.path / "store")
        self.addCleanup(broker.close)
        broker.start()
        world = SmallWorld(broker)
        world.begin()
        world.publish(300)
        world.wait_acknowledged()
        return world

    def bystander(self, world):
        """Somebody whom the disk does not concern: a session of its own, QoS 0, and $SYS."""
        client = DurableClient(world.hub, "bystander", 5, clean=True, session_expiry_s=0)
        client.heard, client.sys = [], {}

        def hear(incoming):
            if incoming.topic.startswith("$SYS"):
                client.sys[incoming.topic] = incoming.payload
            else:
                client.heard.append(incoming.payload)
        client.on_message = hear
        client.connect(world.broker.port)
        client.subscribe([("$SYS/#", 0), ("plain", 0)])
        world.hub.run(lambda: client.connected and not client.requests, "SUBACK")
        return client

    def assert_alive(self, world, bystander, times=20):
        for number in range(times):
            bystander.publish("plain", b"%d" % number, 0)
            bystander.ping()
            expected = len(bystander.heard) + 1
            world.hub.run(lambda expected=expected: len(bystander.heard) >= expected and not bystander.pings_open, "PINGRESP and QoS 0")

    def fill_until_told(self, world):
        """Big messages until the log says that the disk takes no more."""
        before = len(world.broker.complaints())
        self.disk.fill()

        def told():
            if world.under_way() == 0:  # there was still room, set aside before the disk was full
                world.submit(100)
                self.disk.fill()
            world.pump(BIG)
            return len(world.broker.complaints()) > before
        world.hub.run(told, "the log says that the disk is full", PATIENCE_S)

    def sys_says(self, world, bystander, healthy):
        """Some figure of $SYS about the store is another one than before."""
        def differs():
            return [topic for topic, value in bystander.sys.items()
                    if SPEAKS_OF_STORE.search(topic) and re.search("fail|error|healthy|writ", topic) and healthy.get(topic) != value]
        world.hub.run(differs, f"$SYS says that the store fails; there are {sorted(bystander.sys)}", PATIENCE_S)

    def test_acknowledgements_wait_for_space(self):
        world = self.begin("delay")
        bystander = self.bystander(world)
        world.hub.run(lambda: bystander.sys, "$SYS")
        healthy = dict(bystander.sys)
        self.fill_until_told(world)
        before = world.acknowledged()
        self.assert_alive(world, bystander)
        self.assertGreater(world.under_way(), 0)
        self.assertEqual(world.acknowledged(), before, "acknowledged on a full disk")
        self.sys_says(world, bystander, healthy)
        self.assertEqual(world.acknowledged(), before, "acknowledged on a full disk")
        self.assertLessEqual(len(world.broker.complaints()), 5, world.broker.tail())
        self.disk.give_back()
        world.wait_acknowledged(PATIENCE_S)
        world.publish(200)
        world.wait_acknowledged()
        self.kill_and_check(world, "after a full disk")

    def test_publishers_of_5_0_are_refused_if_that_is_wanted(self):
        world = self.begin("refuse")
        bystander = self.bystander(world)
        self.fill_until_told(world)
        # What was taken in before is held back; what comes from now on is refused at once.
        world.one_more_publisher()
        for _ in range(5):
            world.submit(20)
            world.pump(BIG)
            self.assert_alive(world, bystander, 2)
        world.hub.run(lambda: world.refused > 0, "a PUBACK or PUBREC with a reason", PATIENCE_S)
        self.assertEqual(world.refused_with, 0x97)
        self.assertLessEqual(len(world.broker.complaints()), 5, world.broker.tail())
        self.disk.give_back()
        world.wait_acknowledged(PATIENCE_S)
        refused = world.refused
        world.publish(200)
        world.wait_acknowledged()
        self.assertEqual(world.refused, refused, "refused although there is space again")
        self.kill_and_check(world, "after a full disk")


class FailingCase(DurableCase):
    """Calls of the broker fail, from its start on or in its midst."""

    MESSAGES = 60

    def setUp(self):
        super().setUp()
        if not shim().is_file():
            self.skipTest(f"{shim()} is not built")

    def broker(self):
        broker = DurableBroker()
        self.addCleanup(broker.close)
        faults = FaultControl(shim(), broker.folder, broker.store)
        broker.env = faults.environment
        return broker, faults

    def work(self, world, what):
        """Everything is acknowledged in the end, without a restart."""
        try:
            world.publish(self.MESSAGES)
            world.wait_acknowledged(PATIENCE_S)
        except AssertionError as failure:
            self.fail(f"{what}: {failure}; ended: {world.broker.process.poll()}\n{world.broker.tail(20)}")


class FailingCalls(FailingCase):
    """Single file operations fail."""

    FOR_SOME = (("write", 1, 1), ("write", 3, 1), ("write", 6, 1), ("write", 9, 2), ("write", 13, 1), ("write", 20, 3), ("write", 31, 1),
                ("sync", 1, 1), ("sync", 2, 1), ("sync", 4, 1), ("sync", 6, 2), ("sync", 8, 1), ("sync", 11, 1), ("sync", 15, 2),
                ("open", 1, 1), ("open", 3, 1), ("open", 5, 1), ("open", 7, 1), ("open", 9, 1), ("open", 12, 1), ("open", 16, 1),
                ("rename", 1, 1), ("rename", 2, 1))

    def live(self, broker, faults):
        """One life under faults; False if the broker refused to start, and said so."""
        broker.launch()
        wait_until(lambda: broker.has_ended() or self.listens(broker), "the broker starts or ends")
        if broker.has_ended():
            self.assertGreater(broker.process.returncode, 0, f"ended by a signal:\n{broker.tail()}")
            self.assertTrue([line for line in broker.log().splitlines() if SPEAKS_OF_STORE.search(line)], broker.tail())
            faults.heal()
            broker.start()
            return False
        return True

    @staticmethod
    def listens(broker):
        try:
            return broker.accepts()
        except AssertionError:
            return False

    def test_a_shim_that_counts_but_fails_nothing(self):
        broker, faults = self.broker()
        broker.start()
        world = SmallWorld(broker)
        world.begin()
        self.work(world, "nothing fails")
        counts = faults.counts()
        print(counts, flush=True)
        for kind in KINDS:
            self.assertGreater(counts[kind], 0, f"{kind} is not caught: {counts}")
        self.assertEqual(faults.failed(), 0)
        self.kill_and_check(world, "nothing failed")

    def test_single_calls_fail(self):
        hit = 0
        for number, (kind, first, count) in enumerate(self.FOR_SOME):
            error = (errno.EIO, errno.ENOSPC)[number % 2]
            what = f"{kind} {first} to {first + count - 1} fail with {errno.errorcode[error]}"
            with self.subTest(what):
                broker, faults = self.broker()
                faults.fail(kind, error, first, count)
                self.live(broker, faults)
                world = SmallWorld(broker)
                world.begin()
                self.work(world, what)
                hit += faults.failed() > 0
                self.kill_and_check(world, what)
        self.assertGreater(hit, len(self.FOR_SOME) // 2, "the calls that should fail do not come")

    def test_calls_fail_until_the_log_says_so(self):
        for kind in ("write", "sync"):
            for error in (errno.EIO, errno.ENOSPC):
                what = f"every {kind} fails with {errno.errorcode[error]} for a while"
                with self.subTest(what):
                    broker, faults = self.broker()
                    broker.start()
                    world = SmallWorld(broker)
                    world.begin()
                    self.work(world, "before")
                    before, complaints = world.acknowledged(), len(broker.complaints())
                    faults.fail_next(kind, error)
                    world.submit(self.MESSAGES)

                    def told():
                        world.pump()
                        return len(broker.complaints()) > complaints
                    world.hub.run(told, "the log says that the disk fails", PATIENCE_S)
                    for client in world.publishers:
                        client.ping()
                    world.hub.run(lambda: not any(client.pings_open for client in world.publishers), "PINGRESP")
                    self.assertEqual(world.acknowledged(), before, "acknowledged without a sync")
                    said = [line for line in broker.complaints()[complaints:] if SPEAKS_OF_STORE.search(line)]
                    self.assertTrue(said, broker.tail())
                    faults.heal()
                    self.work(world, what)
                    self.kill_and_check(world, what)

    def test_killed_while_calls_fail(self):
        for kind in ("write", "sync", "open"):
            with self.subTest(kind):
                broker, faults = self.broker()
                broker.start()
                world = SmallWorld(broker)
                world.begin()
                self.work(world, "before")
                faults.fail_next(kind, errno.EIO)
                world.submit(self.MESSAGES)
                world.pump()
                for client in world.publishers:
                    client.ping()
                world.hub.run(lambda: not any(client.pings_open for client in world.publishers), "PINGRESP")
                self.kill_and_check(world, f"killed while {kind} fails")


class FailingAllocations(FailingCase):
    """Operator new finds no memory any more: at the start, while clients come back, while messages are written."""

    # Shares of what a start of this broker allocates, and allocations from the moment at which clients come back.
    AT_START = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
    AT_WORK = (1, 5, 12, 30, 70, 150, 400, 900, 2_000, 4_000, 7_000, 10_000)

    def lived(self):
        """A broker that was killed when it had something to keep, its world, and what its start allocated."""
        broker, faults = self.broker()
        broker.start()
        world = SmallWorld(broker)
        world.begin()
        self.work(world, "before")
        broker.crash()
        world.lose_connections()
        begun = faults.get("alloc", "count")
        broker.start()
        return broker, faults, world, faults.get("alloc", "count") - begun

    def ends(self, broker, what):
        """It has ended, or does at once, by itself and says why."""
        wait_until(broker.has_ended, f"{what}: the broker ends", PATIENCE_S)
        self.assertEqual(broker.process.returncode, -signal.SIGABRT, f"{what}:\n{broker.tail()}")
        self.assertIn("memory is exhausted", broker.log().splitlines()[-1], what)

    def test_at_the_start(self):
        broker, faults, world, allocations = self.lived()
        self.assertGreater(allocations, 100)
        for share in self.AT_START:
            what = f"allocation {1 + int(share * allocations)} of about {allocations} at the start"
            with self.subTest(what):
                broker.crash()
                faults.fail_from("alloc", 1 + int(share * allocations))
                broker.launch()
                broker.killed = True  # it ends by itself, which is what is wanted
                self.ends(broker, what)
                faults.heal()
                broker.start()
        self.kill_and_check(world, "memory was exhausted at the start")

    def test_at_work(self):
        for number in self.AT_WORK:
            what = f"allocation {number} from when clients come back"
            with self.subTest(what):
                broker, faults, world, _ = self.lived()
                broker.killed = True  # it ends by itself, which is what is wanted
                faults.fail_from("alloc", number)
                for client in world.clients:
                    client.connect(broker.port)

                def worked():
                    if world.pump() == 0:
                        world.submit(self.MESSAGES)
                    return broker.has_ended()
                world.hub.run(worked, f"{what}: the broker ends", PATIENCE_S)
                self.ends(broker, what)
                world.lose_connections()
                broker.again()
                world.assert_nothing_lost(self, what)
                broker.stop()


if __name__ == "__main__":
    main()
