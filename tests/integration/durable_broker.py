"""A broker with a store, that can be killed and started again on what it left."""

import os
import re
import shutil
import signal
import unittest
from pathlib import Path

from harness import Broker, testing_tombo, wait_until

# Sessions on both shards, unless the environment says where they are (harness.py).
SHARDS = "" if os.environ.get("TOMBO_PLACEMENT") else 'threads = 2\nplacement = "hash"'
LIMITS = ("[limits]\nqueue_messages_max = 1000000\nqueue_bytes_max = 1000000000\nin_flight_max = 200\n"
          "session_expiry_max_s = \"never\"\n")


class DurableBroker(Broker):
    """`persistence` are further lines of its section; `store` where the store is, else below the broker's folder."""

    def __init__(self, persistence="", sections="", store=None, top=SHARDS, mosquitto="", limits=LIMITS):
        self.store = Path(store) if store else None
        super().__init__(top=top, sections="", mosquitto=mosquitto)
        self.store = self.store or self.folder / "store"
        self.store.mkdir(exist_ok=True)
        if testing_tombo():
            self.sections = (f'[persistence]\ndirectory = "{self.store}"\n{persistence}\n{limits}\n{sections}\n'
                             "[log]\nconnections = false\n")
            self.write_config()
        else:
            with open(self.config, "a", encoding="utf-8") as config:
                config.write(f"persistence true\npersistence_location {self.store}/\nmax_inflight_messages 200\n")

    def launch(self):
        self.killed = False
        super().launch()

    def assert_alive(self):
        """Fails unless the broker runs, or was killed by the test itself."""
        if not self.killed and self.has_ended():
            raise AssertionError(f"the broker ended by itself with {self.process.returncode}:\n{self.tail()}")

    def crash(self):
        """kill -9; returns when the process has gone."""
        self.killed = True
        self.process.kill()
        self.process.wait()

    def again(self):
        """After crash(): the next life, on the same store."""
        self.env = None
        return self.start()

    def close(self):
        """After a test that did not end otherwise; what is on the disk goes."""
        if self.process and not self.has_ended():
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def complaints(self):
        """Lines of the log that an operator should act on."""
        return [line for line in self.log().splitlines() if re.search(r"^\S+ (warning|error) ", line)]

    def has_ended(self):
        return self.process.poll() is not None

    def accepts(self):
        return self._serves()


def unless_durable():
    """Skips where the broker under test keeps nothing: a tombo whose configuration has no such section."""
    if not testing_tombo():
        return
    probe = DurableBroker()
    probe.launch()
    try:
        wait_until(lambda: probe.has_ended() or "ready" in probe.log() or _listening(probe), "the broker starts or ends")
        if probe.has_ended():
            raise unittest.SkipTest("this tombo keeps nothing: " + probe.tail(3))
    finally:
        if not probe.has_ended():
            probe.signal(signal.SIGTERM)
        probe.process.wait(20)
        probe.close()


def _listening(broker):
    try:
        return broker.accepts()
    except AssertionError:
        return False
