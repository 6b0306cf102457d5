"""What the tests of TLS, doors and logins share: a broker with several listeners, and the command lines of clients."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from datetime import datetime
from pathlib import Path

import harness
from harness import HOST, Broker, Tool, free_port, tombo_binary, wait_until


def tool_binary():
    return os.environ.get("TOMBOCTL_BIN") or str(Path(tombo_binary()).with_name("tomboctl"))


def tomboctl(*arguments, stdin=None):
    return subprocess.run([tool_binary(), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                          input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                          preexec_fn=harness.end_with_parent)


def tables(name, *lines_of_each):
    """TOML: an array of tables of this name."""
    return "".join(f"\n[[{name}]]\n{lines}\n" for lines in lines_of_each)


def on_port(port, *lines, address=HOST):
    return "\n".join([f'address = "{address}"', f"port = {port}", *lines])


def write_password(path, user, password, *options):
    """With tomboctl passwd; replaces the file at once."""
    run = tomboctl("passwd", *([] if Path(path).exists() else ["-c"]), "-b", *options, path, user, password)
    assert run.returncode == 0, run.stderr


class SecuredTest(unittest.TestCase):
    """A broker of the test's own; `secure()` starts it with further listeners."""

    def setUp(self):
        harness.faulthandler.dump_traceback_later(harness.CASE_LIMIT_S, exit=True)
        self.addCleanup(harness.faulthandler.cancel_dump_traceback_later)
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-sec-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.control = self.folder / "control.sock"

    def start(self, top="", sections="", listener=""):
        """The plain listener of the harness and what `sections` add; ended, and examined, after the test."""
        control = f'[control]\nsocket = "{self.control}"\n'
        self.broker = Broker(top=top, sections=f"{control}\n{sections}", listener=listener).start()
        self.addCleanup(self.broker.stop)
        self.port = self.broker.port
        return self.broker

    def tool(self, *arguments, **keywords):
        tool = Tool(arguments, **keywords)
        self.addCleanup(tool.kill)
        return tool

    def tell(self, *arguments):
        run = tomboctl("-s", self.control, *arguments)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def connected(self):
        """Rows of clients, by their ids."""
        return {row["id"]: row for row in map(json.loads, self.tell("--json", "clients", "ls").splitlines())}

    def logged(self, words, since=0):
        """Waits until the log, from a place in it on, holds these words."""
        self.broker.says(re.escape(words), since)

    def seconds_between_connects(self, client_ids, count):
        """From the first to the last connection of `count` clients whose ids match, by the log; waits until all are in it."""
        def lines():
            found = re.findall(rf"(?m)^(\S+)Z .*client (?:{client_ids}) connected", self.broker.log())
            return found if len(found) >= count else None

        times = [datetime.fromisoformat(line) for line in wait_until(lines, f"{count} clients {client_ids} are in the log")]
        return (max(times) - min(times)).total_seconds()

    def publish(self, *arguments, port=None):
        """mosquitto_pub, which ends with 0 once QoS 1 was acknowledged."""
        where = ["-h", HOST, "-p", port] if port else []
        return subprocess.run(["mosquitto_pub", *map(str, [*where, *arguments])], capture_output=True, text=True,
                              timeout=60, check=False, preexec_fn=harness.end_with_parent)

    def assert_published(self, *arguments, port=None):
        message = [] if "-m" in arguments else ["-m", "here"]
        run = self.publish("-q", 1, "-t", "to/anyone", *message, *arguments, port=port)
        self.assertEqual(run.returncode, 0, f"{run.stdout}{run.stderr}\n{self.broker.tail(20)}")

    def assert_refused(self, words, *arguments, port=None):
        """The client fails, and the log names why."""
        before = len(self.broker.log())
        run = self.publish("-q", 1, "-t", "to/anyone", "-m", "here", *arguments, port=port)
        self.assertNotEqual(run.returncode, 0, "was let in")
        self.logged(words, before)

    def subscriber(self, topic, *arguments, port=None, qos=1):
        """mosquitto_sub that is subscribed; prints `topic payload` lines."""
        where = ["-h", HOST, "-p", port] if port else []
        tool = self.tool("mosquitto_sub", "-d", "-v", "-q", qos, "-t", topic, *where, *arguments)
        tool.wait_for("Subscribed")
        return tool


__all__ = ["SecuredTest", "free_port", "on_port", "tables", "tomboctl", "write_password"]
