"""What strace shows: no acknowledgement leaves before the sync of what it acknowledges has returned."""

import faulthandler
import unittest

from durable_broker import DurableBroker, unless_durable
from durable_client import UNSUBACK, DurableClient, Hub
from harness import CASE_LIMIT_S, main, testing_tombo, wait_until
from raw_client import PUBACK, PUBREC, SUBACK
from strace import env_of_traced, strace_reason
from sync_trace import LOG_BLOCK, STRACE, Trace

MESSAGES = 120  # of each publisher
SYNC_TAKES_US = 10_000  # long enough for an acknowledgement that does not wait to be seen too early


class TracedBroker(DurableBroker):
    """The broker is our child and strace its tracer (-D), so signals reach the broker itself."""

    def __init__(self):
        super().__init__()
        self.trace_path = self.folder / "trace"
        delay = f"inject=fsync,fdatasync:delay_enter={SYNC_TAKES_US}"
        self.command = [*STRACE, "-e", delay, "-o", str(self.trace_path), *self.command]
        self.env = env_of_traced()

    def end(self):
        """kill -9, so that nothing is written which was not before; gives the whole trace."""
        pid = self.pid
        self.crash()
        return wait_until(lambda: self._lines_to_end(pid), "strace has written the end")

    def _lines_to_end(self, pid):
        lines = self.trace_path.read_text(errors="replace").splitlines()
        return lines if any(line.startswith(f"{pid} ") and "+++ killed" in line for line in lines[-20:]) else None


@unittest.skipUnless(testing_tombo(), "the log's format is that of tombo's store")
class SyncBeforeAcknowledgement(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(CASE_LIMIT_S, exit=True)
        if reason := strace_reason():
            self.skipTest(reason)
        unless_durable()
        self.hub = Hub()
        self.broker = TracedBroker().start()
        self.owed = []  # (port, kind, packet id, marker, occurrence)

    def tearDown(self):
        faulthandler.cancel_dump_traceback_later()
        if not self.broker.has_ended():
            self.broker.crash()

    def client(self, name, level):
        client = DurableClient(self.hub, name, level)
        client.connect(self.broker.port)
        self.hub.run(lambda: client.connected, f"{name} is connected")
        client.port = client.socket.getsockname()[1]
        return client

    def request(self, client, call, kind, topic_filter, occurrence=0):
        call()
        self.owed.append((client.port, kind, client.last_id, topic_filter.encode(), occurrence))
        self.hub.run(lambda: not client.requests, f"answer for {topic_filter}")

    def publish(self, client, topic, payload, qos, retain=False):
        client.publish(topic, payload, qos, retain)
        self.owed.append((client.port, PUBACK if qos == 1 else PUBREC, client.last_id, payload, 0))

    def test_every_answer_follows_the_sync_of_what_it_promises(self):
        for level in (4, 5):
            away = self.client(f"away-{level}", level)
            for leaf in ("+", "filter-only"):
                name = f"sync{level}/{leaf}"
                self.request(away, lambda name=name, client=away: client.subscribe([(name, 2)]), SUBACK, name)
            gone = f"sync{level}/filter-only"
            self.request(away, lambda gone=gone, client=away: client.unsubscribe([gone]), UNSUBACK, gone, occurrence=1)
            away.disconnect()
        publishers = [self.client(f"publisher-{number}", 4 + number % 2) for number in range(4)]
        for number in range(MESSAGES):
            for publisher in publishers:
                marker = f"<{publisher.client_id}:{number}>".encode()
                if number % 5 == 4:  # retained, and wanted by nobody
                    self.publish(publisher, f"kept/{publisher.client_id}/{number % 7}", marker, 1 + number % 2, retain=True)
                else:
                    self.publish(publisher, f"sync{4 + number % 2}/topic", marker, 1 + number // 2 % 2)
            # Sometimes alone, sometimes many under way.
            if number % 10 == 0 or number > MESSAGES - 20:
                self.hub.run(lambda: not any(p.out for p in publishers), "acknowledgements")
        self.hub.run(lambda: not any(p.out for p in publishers), "acknowledgements")
        trace = Trace(self.broker.end(), self.broker.store)
        complaints = [said for said in (trace.complaint(*one) for one in self.owed) if said]
        print(f"{len(self.owed)} answers, {len(trace.syncs)} syncs, {len(complaints)} answers before their sync", flush=True)
        self.assertGreater(len(self.owed), 4 * MESSAGES)
        self.assertFalse(complaints, "\n".join(complaints[:10]))


class Analyser(unittest.TestCase):
    """The analyser finds what is wrong in traces that are written by hand, and nothing in a right one."""

    LOG, SOCKET = "/s/db/000004.log", "TCP:[127.0.0.1:1883->127.0.0.1:50001]"
    GOOD = [("7", "write", LOG, b"head   a <m:1> record"), ("8", "fdatasync", LOG, None), ("9", "sendmsg", SOCKET, b"\x40\x02\x00\x05")]

    @staticmethod
    def escaped(data):
        return "".join(f"\\x{byte:02x}" for byte in data)

    def line(self, thread, name, file, data):
        where = file if file.startswith("TCP") else self.escaped(file.encode())
        if data is None:
            return f"{thread} 1.0 {name}(6<{where}>) = 0 (DELAYED)"
        if name == "sendmsg":
            body = f'{{msg_name=NULL, msg_iov=[{{iov_base="{self.escaped(data)}", iov_len={len(data)}}}], msg_iovlen=1}}, 0'
        else:
            body = f'"{self.escaped(data)}", {len(data)}'
        return f"{thread} 1.0 {name}(6<{where}>, {body}) = {len(data)}"

    def complaint(self, calls, lines=None, kind=PUBACK, marker=b"<m:1>"):
        return Trace(lines or [self.line(*call) for call in calls], "/s").complaint(50001, kind, 5, marker)

    def test_the_right_order(self):
        self.assertIsNone(self.complaint(self.GOOD))

    def test_the_answer_before_the_sync(self):
        write, sync, answer = self.GOOD
        self.assertIn("the answer to 5", self.complaint([write, answer, sync]))
        self.assertIn("the answer to 5", self.complaint([answer, write, sync]))

    def test_the_answer_while_the_sync_runs(self):
        write, sync, answer = (self.line(*call) for call in self.GOOD)
        begun, rest = sync.split(") = ")
        lines = [write, f"{begun} <unfinished ...>", answer, f"8 1.0 <... fdatasync resumed>) = {rest}"]
        self.assertIn("the answer to 5", self.complaint(None, lines))
        self.assertIsNone(self.complaint(None, [lines[0], lines[1], lines[3], lines[2]]))

    def test_a_sync_that_began_before_the_write_ended(self):
        write, sync, answer = self.GOOD
        self.assertIn("never synced", self.complaint([sync, write, answer]))
        write = self.line(*write)
        begun, rest = write.rsplit(") = ", 1)
        lines = [f"{begun} <unfinished ...>", self.line(*sync), f"7 1.0 <... write resumed>) = {rest}", self.line(*answer)]
        self.assertIn("never synced", self.complaint(None, lines))

    def test_a_sync_of_another_file_or_one_that_failed(self):
        write, sync, answer = self.GOOD
        self.assertIn("never synced", self.complaint([write, (sync[0], sync[1], "/s/db/000005.log", None), answer]))
        lines = [self.line(*write), self.line(*sync).replace("= 0 (DELAYED)", "= -1 EIO (Input/output error)"), self.line(*answer)]
        self.assertIn("never synced", self.complaint(None, lines))

    def test_what_is_not_there(self):
        self.assertIn("no packet", self.complaint(self.GOOD[:2]))
        self.assertIn("no packet", self.complaint(self.GOOD, kind=PUBREC))
        self.assertIn("0 times", self.complaint(self.GOOD[1:]))

    def test_a_marker_across_blocks_and_writes(self):
        _, sync, answer = self.GOOD
        first = ("7", "write", self.LOG, b"-" * (LOG_BLOCK - 2) + b"<m")
        second = ("7", "write", self.LOG, b"headers" + b":1> and more")
        self.assertIsNone(self.complaint([first, second, sync, answer]))
        self.assertIn("never synced", self.complaint([first, sync, second, answer]))

    def test_an_answer_behind_others(self):
        write, sync, answer = self.GOOD
        behind = (*answer[:3], b"\x20\x02\x00\x00" + b"\x40\x02\x00\x04" + answer[3])
        self.assertIsNone(self.complaint([write, sync, behind]))


if __name__ == "__main__":
    main()
