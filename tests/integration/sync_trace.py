"""Reads what strace saw of a broker and proves that an acknowledgement left after a sync of what it acknowledges.

strace sees a call begin before the kernel does anything and sees it end before the program goes on.  So when one thing
waits for another, their lines are in that order, whatever the threads.  With delayed syncs (`inject=fdatasync:delay_enter`)
what does not wait is seen before the sync ends.
"""

import re

CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendmsg,sendmmsg,sendto,fsync,fdatasync"
STRACE = ["strace", "-D", "-f", "-yy", "-ttt", "-xx", "-s", "1000000", "-e", f"trace={CALLS}"]
SYNCS = ("fsync", "fdatasync")
# A write-ahead log of RocksDB is made of blocks, and every fragment of a record in it has a header.
LOG_BLOCK, LOG_HEADER = 32768, 7

WHOLE = re.compile(r"^(\d+) +[\d.]+ (\w+)\((.*)\) += (-?\d+)")
BEGUN = re.compile(r"^(\d+) +[\d.]+ (\w+)\((.*?) *<unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+) +[\d.]+ <\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
DESCRIPTOR = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})+|TCP:\[[^\]]*\]|[^>]*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Call:
    """A system call: the lines at which it began and ended, its descriptor's name and the bytes that were taken."""

    def __init__(self, began, ended, name, arguments, result):
        self.began, self.ended, self.name, self.result = began, ended, name, result
        found = DESCRIPTOR.match(arguments)
        self.file = found.group(1) if found else ""
        if self.file.startswith("\\x"):
            self.file = unhex(self.file).decode(errors="replace")
        data = b"".join(unhex(part) for part in TEXT.findall(arguments[found.end():] if found else arguments))
        self.data = data[:max(result, 0)]


def unhex(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


def read_calls(lines):
    calls, open_calls = [], {}
    for at, line in enumerate(lines):
        if begun := BEGUN.match(line):
            open_calls[begun.group(1)] = (at, begun.group(3))
        elif ended := ENDED.match(line):
            began, arguments = open_calls.pop(ended.group(1), (at, ""))
            calls.append(Call(began, at, ended.group(2), arguments + ended.group(3), int(ended.group(4))))
        elif whole := WHOLE.match(line):
            calls.append(Call(at, at, whole.group(2), whole.group(3), int(whole.group(4))))
    return sorted(calls, key=lambda call: call.began)


class Stream:
    """What was written to one file or socket, in order, and by which call each byte was."""

    def __init__(self):
        self.data, self.starts, self.calls = bytearray(), [], []

    def add(self, call):
        self.starts.append(len(self.data))
        self.calls.append(call)
        self.data += call.data

    def call_at(self, offset):
        return next(call for start, call in zip(reversed(self.starts), reversed(self.calls)) if start <= offset)

    def find_all(self, marker):
        """The calls that wrote the last byte of each occurrence; headers at the start of blocks are no part of it."""
        blocks = range(0, len(self.data), LOG_BLOCK)
        plain = b"".join(bytes(self.data[at + LOG_HEADER:at + LOG_BLOCK]) for at in blocks)
        found, at = [], plain.find(marker)
        while at >= 0:
            last = at + len(marker) - 1
            found.append(self.call_at(last + (last // (LOG_BLOCK - LOG_HEADER) + 1) * LOG_HEADER))
            at = plain.find(marker, at + 1)
        return found

    def packet(self, kind, identifier):
        """The call that wrote the first byte of the first packet of this kind and packet id."""
        at = 0
        while at + 1 < len(self.data):
            length, shift, body = 0, 0, at + 1
            while body < len(self.data):
                byte = self.data[body]
                length, shift, body = length | (byte & 0x7F) << shift, shift + 7, body + 1
                if not byte & 0x80:
                    break
            if self.data[at] >> 4 == kind and int.from_bytes(self.data[body:body + 2], "big") == identifier:
                return self.call_at(at)
            at = body + length
        return None


class Trace:
    """`store` is the directory in which logs are looked for."""

    def __init__(self, lines, store):
        self.logs, self.sockets, self.syncs = {}, {}, []
        for call in read_calls(lines):
            if call.name in SYNCS:
                self.syncs.append(call)
            elif call.file.startswith(str(store)) and call.file.endswith(".log"):
                self.logs.setdefault(call.file, Stream()).add(call)
            elif call.file.startswith("TCP"):
                self.sockets.setdefault(call.file, Stream()).add(call)

    def complaint(self, port, kind, identifier, marker, occurrence=0):
        """Why the acknowledgement to the client's port does not follow the sync of the marker; None if it does."""
        socket = next((stream for name, stream in self.sockets.items() if re.search(rf"[^\d]{port}\]$", name)), None)
        answer = socket.packet(kind, identifier) if socket else None
        if answer is None:
            return f"no packet of kind {kind} for {identifier} was sent to port {port}"
        written = [(name, call) for name, stream in self.logs.items() for call in stream.find_all(marker)]
        written.sort(key=lambda item: item[1].began)
        if len(written) <= occurrence:
            return f"{marker!r} was written {len(written)} times to a log"
        name, write = written[occurrence]
        covering = [s for s in self.syncs if s.file == name and s.result == 0 and s.began >= write.ended]
        first = min(covering, key=lambda s: s.ended, default=None)
        if first is None:
            return f"{marker!r} was never synced"
        if first.ended >= answer.began:
            return f"the answer to {identifier} began at line {answer.began + 1}, the sync of {marker!r} ended at {first.ended + 1}"
        return None
