"""A Debian system of its own to install packages in: a directory made by debootstrap, in namespaces of its own.

`enter()` starts the calling program anew as process 1 of new mount and process namespaces.  Whatever is mounted or started
from there ends with it, however it ends.  What runs with net=False, the default, sees a loopback device and no network.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUITE = "bookworm"
SKIPPED = 77
APT_S, DEBOOTSTRAP_S, COMMAND_S = 300, 300, 60
NEEDED = ["debootstrap", "unshare", "nsenter", "chroot", "setpriv", "ip"]
INSIDE = "TOMBO_INSIDE_NAMESPACES"
APT = ["apt-get", "-y", "-q", "--no-install-recommends", "-o", "Acquire::Retries=2"]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def enter():
    """Returns inside of the namespaces, or ends the program with a reason where they cannot be had."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        skip("a Debian system to install in takes root")
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        skip(f"not installed: {', '.join(missing)} (packaging/install-packages.sh package packagetest)")
    command = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
    tried = subprocess.run([*command, "unshare", "--net", "true"], capture_output=True, text=True, timeout=COMMAND_S)
    if tried.returncode != 0:
        skip(f"no namespaces here: {tried.stderr.strip()}")
    os.environ[INSIDE] = "1"
    sys.stdout.flush()
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


def mirror():
    """Where this machine has its Debian from, or nothing: debootstrap's default."""
    run = subprocess.run(["apt-get", "indextargets", "Created-By: Packages", f"Codename: {SUITE}", "Component: main",
                          "--format", "$(REPO_URI)"], capture_output=True, text=True, timeout=COMMAND_S)
    return run.stdout.split()[:1]


def base(cache):
    """The smallest Debian there is, made once; nothing is installed in it."""
    cache.mkdir(parents=True, exist_ok=True)
    made, unfinished = cache / f"{SUITE}-base", cache / f"{SUITE}-base.unfinished"
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.is_dir():
            return made
        subprocess.run(["rm", "-rf", "--one-file-system", unfinished], check=True, timeout=COMMAND_S)
        log = cache / "debootstrap.log"
        with open(log, "wb") as out:
            run = subprocess.run(["debootstrap", "--variant=minbase", SUITE, unfinished, *mirror()], stdout=out, stderr=out,
                                 timeout=DEBOOTSTRAP_S)
        if run.returncode != 0:
            skip("debootstrap failed, so there is no mirror: " + log.read_text(errors="replace").strip().split("\n")[-1])
        unfinished.rename(made)
    return made


class DebianRoot:
    """A copy of the base that is gone after close()."""

    def __init__(self, cache, name):
        self.cache = Path(cache).resolve()
        self.path = self.cache / f"{name}-{os.environ.get('TOMBO_ROOT_SUFFIX', 'root')}"
        self._remove()
        subprocess.run(["cp", "-a", base(self.cache), self.path], check=True, timeout=COMMAND_S)
        self._mounted = []
        self._mount("proc", "-t", "proc", "proc")
        archives = self.cache / "archives"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        self._mount("var/cache/apt/archives", "--bind", archives)
        self._network = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"],
                                         stdout=subprocess.PIPE, text=True)
        if self._network.stdout.readline() != "up\n":
            raise RuntimeError("no loopback device in the namespace")

    def close(self):
        self._network.kill()
        self._network.wait()
        self._network.stdout.close()
        for directory in list(self._mounted):
            self.unmount(directory)
        self._remove()

    def _mount(self, directory, *what):
        subprocess.run(["mount", *what, self.path / directory], check=True, timeout=COMMAND_S)
        self._mounted.append(directory)

    def unmount(self, directory):
        subprocess.run(["umount", "-l", self.path / directory], check=True, timeout=COMMAND_S)
        self._mounted.remove(directory)

    def _remove(self):
        # Never through a mount: what is bound there is somebody else's.
        if self.path.is_dir():
            subprocess.run(["rm", "-rf", "--one-file-system", self.path], check=True, timeout=COMMAND_S)

    def on_loopback(self, command):
        """The command, with files of this machine and the network of the root."""
        return ["nsenter", f"--net=/proc/{self._network.pid}/ns/net", *command]

    def inside(self, command, net=False):
        words = ["chroot", str(self.path), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                 "DEBIAN_FRONTEND=noninteractive", *map(str, command)]
        return words if net else self.on_loopback(words)

    def run(self, *command, net=False, check=True, timeout=COMMAND_S, **options):
        run = subprocess.run(self.inside(command, net), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=timeout, **options)
        if check and run.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))} ended with {run.returncode}:\n{run.stdout[-4000:]}")
        return run

    def apt(self, *words, check=True):
        """apt-get, which may fetch what a package depends on."""
        return self.run(*APT, *words, net=True, check=check, timeout=APT_S, stdin=subprocess.DEVNULL)

    def take(self, file):
        """Puts a file of this machine into the root; its name there."""
        shutil.copy(file, self.path / "root")
        return f"/root/{Path(file).name}"

    def processes(self, program):
        """Numbers of the processes that run a program of the root."""
        found = []
        for link in Path("/proc").glob("[0-9]*/exe"):
            try:
                if os.readlink(link).split(" (deleted)")[0] == str(self.path / program.lstrip("/")):
                    found.append(int(link.parent.name))
            except OSError:
                pass  # it has ended, or is a zombie
        return found


def newer(package, version, directory):
    """The broker's package with a higher version and a configuration that has changed."""
    with tempfile.TemporaryDirectory(dir=directory) as unpacked:
        subprocess.run(["dpkg-deb", "-R", package, unpacked], check=True, timeout=COMMAND_S)
        control = Path(unpacked) / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text()))
        file = Path(unpacked) / "etc/tombo/tombo.toml"
        file.write_text(file.read_text() + f"# as of {version}\n")
        made = Path(directory) / f"tombo_{version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", unpacked, made], check=True, timeout=COMMAND_S,
                       capture_output=True)
    return made


def packages_in(directory):
    """name -> file"""
    return {file.name.partition("_")[0]: file for file in Path(directory).glob("*.deb")}


def version_of(package):
    return subprocess.run(["dpkg-deb", "-f", package, "Version"], check=True, capture_output=True, text=True,
                          timeout=COMMAND_S).stdout.strip()


def wait_until(condition, what, deadline_s=30):
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{deadline_s} s are over: {what}")
        time.sleep(0.05)
