"""Says to fault_shim.c, while a broker runs, which of its file operations and allocations fail; and reads what it counted."""

import mmap
import os
import struct
from pathlib import Path

KINDS = ("write", "sync", "open", "rename", "alloc")
FIELDS = ("first", "last", "error", "count", "failed")
ALWAYS = (1 << 62)


class FaultControl:
    """One control file; `environment` is what the broker is started with."""

    def __init__(self, library, folder, directory):
        path = Path(folder) / "faults"
        path.write_bytes(bytes(len(KINDS) * len(FIELDS) * 8))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "FAULT_DIRECTORY": str(directory), "FAULT_CONTROL": str(path)}

    @staticmethod
    def _at(kind, field):
        return (KINDS.index(kind) * len(FIELDS) + FIELDS.index(field)) * 8

    def get(self, kind, field):
        return struct.unpack_from("q", self.map, self._at(kind, field))[0]

    def _set(self, kind, field, value):
        struct.pack_into("q", self.map, self._at(kind, field), value)

    def fail(self, kind, error, first, count=ALWAYS):
        """The calls of this kind with the numbers from `first` on fail, `count` of them."""
        self._set(kind, "last", 0)  # none while this changes
        self._set(kind, "error", error)
        self._set(kind, "first", first)
        self._set(kind, "last", first + count - 1)

    def fail_next(self, kind, error, count=ALWAYS):
        self.fail(kind, error, self.get(kind, "count") + 1, count)

    def fail_from(self, kind, number, error=0):
        """The calls of this kind fail from the one with that number on, counted from now: a broker that works goes on
        counting while this is said, so that a single number may have passed by."""
        self.fail(kind, error, self.get(kind, "count") + number)

    def heal(self):
        for kind in KINDS:
            self._set(kind, "last", 0)

    def failed(self):
        return sum(self.get(kind, "failed") for kind in KINDS)

    def counts(self):
        return {kind: self.get(kind, "count") for kind in KINDS}
