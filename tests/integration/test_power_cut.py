"""The power goes: what the page cache and the journal held is gone, and what was acknowledged is there.

The store is on an ext4 of its own.  Its shutdown ioctl with NOLOGFLUSH drops everything that is not on the device; what
comes back after a mount is what a disk would have had.  The broker is stopped (SIGSTOP) before, because the ioctl must
not race a running fdatasync: that then returns 0 for what is lost, for any program (not a fault of the one that syncs).
"""

import faulthandler
import fcntl
import os
import random
import signal
import struct
import unittest
from pathlib import Path

from durable_broker import DurableBroker, unless_durable
from harness import CASE_LIMIT_S, main, wait_until
from small_disk import LoopDisk
from small_world import SmallWorld

ROUNDS = 5
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2


def cut_power(disk):
    descriptor = os.open(disk.path, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    except OSError as failure:
        raise unittest.SkipTest(f"this kernel cannot shut an ext4 down: {failure}") from None
    finally:
        os.close(descriptor)


def thread_states(pid):
    """The letter of each thread's state; one that is in a sync (D) only stops at its end (T)."""
    return [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").iterdir()]


class PowerCut(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(CASE_LIMIT_S, exit=True)
        unless_durable()
        self.disk = LoopDisk()
        self.addCleanup(self.disk.close)

    def tearDown(self):
        faulthandler.cancel_dump_traceback_later()

    def stop_and_cut(self, broker):
        """Every thread stands still, in no system call, before the disk goes."""
        broker.signal(signal.SIGSTOP)
        wait_until(lambda: all(state == "T" for state in thread_states(broker.pid)), "all threads are stopped")
        cut_power(self.disk)
        broker.crash()
        self.disk.unmount()
        self.disk.mount()

    def test_the_method_drops_what_was_not_synced_and_keeps_what_was(self):
        synced, lost = self.disk.path / "synced", self.disk.path / "lost"
        for path in (synced, lost):
            with open(path, "wb", buffering=0) as file:
                file.write(b"x")
                if path == synced:
                    os.fsync(file.fileno())
        cut_power(self.disk)
        self.disk.unmount()
        self.disk.mount()
        self.assertTrue(synced.exists() and synced.read_bytes() == b"x")
        self.assertFalse(lost.exists() and lost.read_bytes() == b"x", "what was never synced is there: no power cut")

    def test_what_was_acknowledged_is_there_after_power_cuts(self):
        seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
        chance = random.Random(seed)
        print(f"SEED={seed}", flush=True)
        broker = DurableBroker(store=self.disk.path / "store")
        self.addCleanup(broker.close)
        broker.start()
        world = SmallWorld(broker)
        world.begin()
        for number in range(ROUNDS):
            goal = world.acknowledged() + chance.randrange(50, 2000)
            world.submit(4000)
            world.hub.run(lambda goal=goal: world.pump(chance.choice((30, 300))) and world.acknowledged() >= goal, f"acknowledgement {goal}")
            world.rest = 0
            self.stop_and_cut(broker)
            world.lose_connections()
            broker.again()
            if number + 1 < ROUNDS:
                world.connect(world.publishers)
        world.assert_nothing_lost(self, f"SEED={seed}")
        print(f"{ROUNDS} power cuts: {world.history.summary()}", flush=True)
        broker.stop()


if __name__ == "__main__":
    main()
