"""Where a store is put, and how many bytes reached the device below it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SECTOR = 512
IMAGE_MB = 3000


class PlainDirectory:
    """A directory on the machine's disk; bytes are what the kernel charges to the process, without the file system's own."""

    what = "bytes charged to the process (/proc/PID/io)"

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="tombo-durable-", dir="/var/tmp"))
        self.path.chmod(0o777)

    def bytes_written(self, pid):
        for line in Path(f"/proc/{pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        raise RuntimeError("no write_bytes")

    def settle(self):
        descriptor = os.open(self.path, os.O_RDONLY)
        os.sync()
        os.close(descriptor)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class LoopDisk(PlainDirectory):
    """An ext4 of its own on a loop device, whose counters nobody else moves."""

    what = "bytes written to the device, journal and all (ext4 on a loop device, /sys/block/loopN/stat)"

    def __init__(self):
        super().__init__()
        self.image, self.mount = self.path / "image", self.path / "mount"
        self.mount.mkdir()
        self.device = None
        try:
            with open(self.image, "wb") as image:
                image.truncate(IMAGE_MB << 20)
            # The tables are written now, not by a thread of the kernel while we count.
            run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
            self.device = run("losetup", "--find", "--show", "--direct-io=on", self.image)
            run("mount", "-t", "ext4", self.device, self.mount)
            self.mount.chmod(0o777)
        except BaseException:
            self.close()
            raise

    def bytes_written(self, pid):
        fields = Path(f"/sys/block/{Path(self.device).name}/stat").read_text().split()
        return int(fields[6]) * SECTOR

    def settle(self):
        run("sync", "-f", self.mount)

    def directory(self, name):
        path = self.mount / name
        path.mkdir()
        path.chmod(0o777)
        return path

    def close(self):
        if os.path.ismount(self.mount):
            run("umount", self.mount)
        if self.device:
            run("losetup", "--detach", self.device)
        super().close()


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


def counted_disk():
    """A loop disk, or a plain directory and why."""
    try:
        return LoopDisk(), ""
    except OSError as failure:
        return PlainDirectory(), str(failure)
