"""File systems of a test's own: they need root, mount and, for ext4, a loop device."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path


def command(*words):
    """Runs it; skips the test when the machine does not allow it."""
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        raise unittest.SkipTest(f"{words[0]} is not installed") from None
    if done.returncode:
        raise unittest.SkipTest(f"this machine does not allow {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout.strip()


class MountedDisk:
    """Mounted at `path` until close()."""

    def __init__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("mounting needs root")
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-disk-"))
        self.path = self.folder / "mount"
        self.path.mkdir()

    def unmount(self):
        # Not lazily: a power cut is only one when nothing holds the file system any more.
        subprocess.run(["umount", str(self.path)], check=True, capture_output=True, timeout=60)

    def close(self):
        if os.path.ismount(self.path):
            self.unmount()
        for left in sorted(self.folder.rglob("*"), reverse=True):
            left.unlink() if left.is_file() else left.rmdir()
        self.folder.rmdir()


class MemoryDisk(MountedDisk):
    """A tmpfs of a few megabytes, that can be filled up."""

    def __init__(self, size_mb):
        super().__init__()
        command("mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tombo-test", self.path)
        self.filler = self.path / "filler"

    def fill(self):
        """Takes every free byte; may be called again when some were given back."""
        with open(self.filler, "ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while filler.write(bytes(size)):
                        pass
                except OSError:
                    pass

    def give_back(self):
        self.filler.unlink()


class LoopDisk(MountedDisk):
    """An ext4 in a file, on a loop device."""

    def __init__(self, size_mb=300):
        super().__init__()
        self.image, self.device = self.folder / "image", None
        try:
            with open(self.image, "wb") as image:
                image.truncate(size_mb << 20)
            command("mkfs.ext4", "-q", self.image)
            self.device = command("losetup", "--find", "--show", self.image)
            self.mount()
        except BaseException:
            self.close()
            raise

    def mount(self):
        command("mount", "-t", "ext4", self.device, self.path)

    def close(self):
        if os.path.ismount(self.path):
            self.unmount()
        if self.device:
            subprocess.run(["losetup", "--detach", self.device], check=True, timeout=60)
        super().close()
