"""What the integration tests share: a broker under test, tools that run beside it, and waits with deadlines.

Which broker is tested is said by the environment:
  TOMBO_BIN         the tombo binary (default: the first of build/*/src/app/tombo and the like that exists)
  BROKER            tombo (default) or mosquitto: Debian's broker, to check the tests themselves
  TOMBO_PLACEMENT   placement of sessions on shards, with two threads (default: what tombo does by itself)
"""

import ctypes
import faulthandler
import fcntl
import functools
import itertools
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
DEADLINE_S = 30  # of every wait; generous, because sanitizers and a busy machine share it
CASE_LIMIT_S = 150  # of one test; then the process ends with a traceback of every thread

SANITIZER_REPORT = re.compile(
    r"(ERROR: AddressSanitizer|WARNING: ThreadSanitizer|ERROR: LeakSanitizer|runtime error:|SUMMARY: \w+Sanitizer)")


def broker_name():
    return os.environ.get("BROKER", "tombo")


def testing_tombo():
    return broker_name() == "tombo"


def tombo_binary():
    named = os.environ.get("TOMBO_BIN")
    if named:
        return named
    for preset in ("release", "debug", "asan", "tsan"):
        for place in ("src/tombo", "src/app/tombo", "tombo", "bin/tombo"):
            path = ROOT / "build" / preset / place
            if path.is_file():
                return str(path)
    sys.exit("no tombo binary found; build it or set TOMBO_BIN")


def sanitized():
    """Whether the tests run with a sanitizer (said by tests/run.sh): more memory, less speed."""
    return bool(os.environ.get("TOMBO_SANITIZED"))


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Asks until the condition holds and returns its value; fails the test after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.01)


@functools.cache
def own_ports():
    """The ports of this process in turn, outside of the range that the kernel hands to clients; and what keeps them its own:
    tests run beside each other, and a port is often chosen long before something listens there."""
    for first in range(21000, 32000, 500):
        lock = open(Path(tempfile.gettempdir()) / f"tombo-test-ports-{first}", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        ports = list(range(first, first + 500))
        random.shuffle(ports)
        return itertools.cycle(ports), lock
    raise AssertionError("more than 22 tests run beside each other")


def free_port():
    """A port nobody listens on, and that nobody else chooses for now."""
    ports, _ = own_ports()
    for port in itertools.islice(ports, 200):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
                return port
            except OSError:
                continue
    raise AssertionError("none of 200 ports is free")


def end_with_parent():
    """For child processes: never outlive the test that started them."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Tool:
    """A program that runs beside the test; its output lines can be waited for."""

    def __init__(self, arguments, stdin=None, env=None, name=None):
        self.name = name or Path(arguments[0]).name
        # stdbuf works by LD_PRELOAD, which a sanitized program refuses; our own flush their lines themselves.
        ours = Path(arguments[0]).parent == Path(tombo_binary()).parent
        prefix = [] if ours else ["stdbuf", "-oL", "-eL"]
        self.process = subprocess.Popen(
            [*prefix, *map(str, arguments)],
            stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=env, text=True, errors="replace", preexec_fn=end_with_parent)
        self.pid = self.process.pid
        self._lines = []
        self._more = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._more:
                self._lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def lines(self, pattern=""):
        with self._more:
            return [line for line in self._lines if re.search(pattern, line)]

    def wait_for(self, pattern, count=1, deadline_s=DEADLINE_S):
        """The first `count` lines that match; fails when the output ends or the deadline passes before."""
        end = time.monotonic() + deadline_s
        with self._more:
            while True:
                found = [line for line in self._lines if re.search(pattern, line)]
                if len(found) >= count:
                    return found[:count]
                left = end - time.monotonic()
                if self._ended or left <= 0:
                    raise AssertionError(
                        f"{self.name}: {len(found)} of {count} lines match {pattern!r}; output:\n" +
                        "\n".join(self._lines[-40:]))
                self._more.wait(min(left, 1))

    def wait_exit(self, deadline_s=DEADLINE_S):
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {deadline_s} s:\n" + "\n".join(self.lines()[-40:])) from None
        self._reader.join(deadline_s)
        return code

    def terminate(self):
        """SIGTERM, once it sleeps: mosquitto's tools disconnect in their signal handler, and may hang if it finds them at work."""
        def sleeps():
            state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state != "R"

        wait_until(sleeps, f"{self.name} waits for something")
        self.process.terminate()

    def output(self):
        return "\n".join(self.lines())

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)


class Broker:
    """The broker under test on a port of its own, with its log in a file.

    `top` are TOML lines before the first section, `sections` TOML sections; `mosquitto` says the same to Debian's
    broker.  `listener` are further lines of the one [[listener]].
    """

    def __init__(self, top="", sections="", listener="", mosquitto="", port=None):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-it-"))
        self.port = port or free_port()
        self.log_path = self.folder / "broker.log"
        self.process = None
        self.env = None  # of the process; None: ours
        self.top, self.sections, self.listener = top, sections, listener
        if testing_tombo():
            self.config = self.folder / "tombo.toml"
            self.write_config()
            self.command = [tombo_binary(), "-c", str(self.config)]
        else:
            self.config = self.folder / "mosquitto.conf"
            self.config.write_text(
                f"listener {self.port} {HOST}\nallow_anonymous true\nuser root\nsys_interval 1\nlog_dest stderr\n"
                f"max_queued_messages 0\nset_tcp_nodelay true\n{mosquitto}\n")
            self.command = ["/usr/sbin/mosquitto", "-c", str(self.config)]

    def write_config(self):
        placement = os.environ.get("TOMBO_PLACEMENT")
        spread = f'threads = 2\nplacement = "{placement}"\n' if placement else ""
        sys_section = "" if "[sys]" in self.sections else "[sys]\ninterval_s = 1\n"
        self.config.write_text(
            f"allow_anonymous = true\n{spread}{self.top}\n\n[[listener]]\naddress = \"{HOST}\"\n"
            f"port = {self.port}\n{self.listener}\n\n{sys_section}{self.sections}\n")

    def start(self):
        self.launch()
        wait_until(self._serves, "the broker serves connections")
        return self

    def launch(self):
        """Starts the process and waits for nothing."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, env=self.env,
                                            stderr=subprocess.STDOUT, preexec_fn=end_with_parent)

    def _serves(self):
        """Whether its loops run, which they do last: the kernel accepts before, when the control socket may not be there yet."""
        if self.process.poll() is not None:
            raise AssertionError(f"the broker ended with {self.process.returncode} at its start:\n{self.log()}")
        try:
            with socket.create_connection((HOST, self.port), timeout=DEADLINE_S) as left:
                left.shutdown(socket.SHUT_WR)
                left.recv(1)  # nothing: it closes, too
                return True
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """What the file holds; the broker's logger may have more on its way: see says()."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def says(self, pattern, since=0):
        """Waits until a place in the log, from a character on, matches the pattern; fails the test after the deadline."""
        try:
            wait_until(lambda: re.search(pattern, self.log()[since:], re.MULTILINE), f"the log says {pattern!r}")
        except AssertionError as missing:
            raise AssertionError(f"{missing}; it says:\n{self.log()[since:][-4000:]}") from None

    def rss_kb(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS: the broker has ended")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, deadline_s=20):
        """SIGTERM; fails the test unless the broker ends by itself with 0 and without a sanitizer's report."""
        if self.process is None:
            return
        died_early = self.process.poll() is not None
        if not died_early:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the broker did not end within {deadline_s} s of SIGTERM:\n{self.tail()}") from None
        report = SANITIZER_REPORT.search(self.log())
        self.process = None
        if code != 0 or died_early or report:
            raise AssertionError(f"the broker ended with {code}{' before it was told to' if died_early else ''}"
                                 f"{', ' + report.group(0) if report else ''}:\n{self.tail(200)}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def tail(self, lines=60):
        return "\n".join(self.log().splitlines()[-lines:])


class BrokerTest(unittest.TestCase):
    """A test case whose class starts one broker; what a test starts is ended after it."""

    top = sections = listener = mosquitto = ""

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(cls.top, cls.sections, cls.listener, cls.mosquitto).start()
        cls.port = cls.broker.port

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def setUp(self):
        faulthandler.dump_traceback_later(CASE_LIMIT_S, exit=True)

    def tearDown(self):
        faulthandler.cancel_dump_traceback_later()

    def run_tool(self, *arguments, **keywords):
        tool = Tool(arguments, **keywords)
        self.addCleanup(tool.kill)
        return tool

    def topic(self, leaf="t"):
        """A topic of this test's own, so that tests share a broker without meeting."""
        return f"{type(self).__name__}/{self._testMethodName}/{leaf}"


def raise_descriptor_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def main():
    unittest.main(verbosity=2, warnings="ignore")
