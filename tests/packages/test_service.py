#!/usr/bin/python3
"""The service under a systemd of its own: started, watched, reloaded, activated by its socket, upgraded, stopped.

usage: test_service.py DIRECTORY_OF_THE_PACKAGES CACHE
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import debian_root
from debian_root import COMMAND_S, DebianRoot, newer, packages_in, skip, version_of, wait_until

BOOT_S = 60
CGROUPS = Path("/sys/fs/cgroup")
CONFIGURATION = "etc/tombo/tombo.toml"


def cgroups_of_nspawn():
    """systemd-nspawn leaves these two, empty."""
    return {path for name in ("payload", "supervisor") for path in [*CGROUPS.glob(name), *CGROUPS.glob(f"*/{name}")]}


class BootedRoot(DebianRoot):
    """Boots what has been installed; commands run in it from then on."""

    leader = None

    def boot(self):
        self.unmount("proc")  # systemd mounts its own, or ends
        # Its files in /run are its own, and it insists on a file system in memory for them.
        Path("/run/systemd").mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/systemd"], check=True, timeout=COMMAND_S)
        self._cgroups_before = cgroups_of_nspawn()
        self._log = open(self.cache / "boot.log", "wb")
        self._nspawn = subprocess.Popen(["systemd-nspawn", "-q", "-D", self.path, "-b", "--private-network", "--keep-unit",
                                         "--register=no", "--console=pipe"], stdin=subprocess.DEVNULL, stdout=self._log,
                                        stderr=self._log)
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")

        def is_up():
            if self._nspawn.poll() is not None:
                skip("systemd-nspawn does not work here: " + self.log_text().strip().split("\n")[-1])
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    self.leader = child
                    return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")
            return False
        wait_until(is_up, f"systemd has started, see {self.cache}/boot.log", BOOT_S)

    def log_text(self):
        return (self.cache / "boot.log").read_text(errors="replace")

    def inside(self, command, net=False):
        if self.leader is None:
            return super().inside(command, net)
        return ["nsenter", "-t", self.leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd=/", "--",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", *map(str, command)]

    def on_loopback(self, command):
        if self.leader is None:
            return super().on_loopback(command)
        return ["nsenter", f"--net=/proc/{self.leader}/ns/net", *command]

    def close(self):
        if self.leader is not None:
            os.kill(int(self.leader), signal.SIGRTMIN + 4)  # systemd's: power off
        if hasattr(self, "_nspawn"):
            try:
                self._nspawn.wait(COMMAND_S)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
            self._log.close()
            for path in cgroups_of_nspawn() - self._cgroups_before:
                for directory, _, _ in os.walk(path, topdown=False):
                    os.rmdir(directory)
        super().close()


class Service(unittest.TestCase):
    """One test: each step needs the one before."""

    @classmethod
    def setUpClass(cls):
        cls.packages = packages_in(sys.argv[1])
        cls.root = BootedRoot(sys.argv[2], "service")
        cls.addClassCleanup(cls.root.close)
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.newer = newer(cls.packages["tombo"], version_of(cls.packages["tombo"]) + "+test1", scratch.name)
        cls.root.apt("update")
        cls.root.apt("install", "systemd-sysv", *(cls.root.take(cls.packages[name]) for name in ("tombo", "tombo-tools")))
        cls.root.take(cls.newer)
        cls.root.boot()

    def property(self, name, unit="tombo.service"):
        return self.root.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def systemctl(self, *words):
        if words[0] in ("start", "restart"):
            self.root.run("systemctl", "reset-failed")  # five starts in ten seconds are enough for systemd, not for a test
        return self.root.run("systemctl", *words)

    def is_active(self, unit="tombo.service"):
        return self.property("ActiveState", unit) == "active"

    def journal(self, unit="tombo.service"):
        return self.root.run("journalctl", "-u", unit, "-o", "cat").stdout

    def mosquitto(self, tool, *words):
        run = subprocess.run(self.root.on_loopback([f"mosquitto_{tool}", *words]), capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 0, run.stderr + self.journal())
        return run.stdout

    def replace_in_configuration(self, old, new):
        file = self.root.path / CONFIGURATION
        text = file.read_text()
        self.assertEqual(text.count(old), 1)
        file.write_text(text.replace(old, new))

    def test_a_life_as_a_service(self):
        self.starts_at_boot()
        self.reloads()
        self.is_watched()
        self.opens_low_ports()
        self.is_activated_by_its_socket()
        self.is_restarted_by_an_upgrade()
        self.does_not_try_again_after_a_mistake()
        self.takes_the_place_of_mosquitto()
        self.is_stopped_by_purge()

    def starts_at_boot(self):
        wait_until(self.is_active, "the service is active")
        number = self.property("MainPID")
        status = self.root.run("cat", f"/proc/{number}/status").stdout
        self.assertRegex(status, r"(?m)^Uid:\t([1-9]\d*)\t\1\t\1\t\1$")
        self.assertRegex(status, r"(?m)^CapEff:\t0000000000000400$", "CAP_NET_BIND_SERVICE and nothing else")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")
        self.assertIn("up for", self.root.run("tomboctl", "status").stdout)
        self.mosquitto("pub", "-q", "1", "-r", "-t", "state", "-m", "kept")
        self.assertEqual(self.mosquitto("sub", "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        self.assertEqual(self.property("NRestarts"), "0")

    def reloads(self):
        self.replace_in_configuration("# stop_deadline_s = 5", "stop_deadline_s = 7")
        number = self.property("MainPID")
        self.systemctl("reload", "tombo")
        wait_until(lambda: "stop_deadline_s" in self.journal(), "the log names the option that changed")
        self.assertEqual(self.property("MainPID"), number)
        self.assertTrue(self.is_active())

    def is_watched(self):
        """A broker that stands still is started anew."""
        self.root.run("sh", "-c", "mkdir -p /run/systemd/system/tombo.service.d; printf '[Service]\\nWatchdogSec=2\\n'"
                                  " >/run/systemd/system/tombo.service.d/soon.conf")
        self.systemctl("daemon-reload")
        self.systemctl("restart", "tombo")
        self.root.run("sh", "-c", f"kill -STOP {self.property('MainPID')}")
        wait_until(lambda: self.property("NRestarts") == "1" and self.is_active(), "the watchdog has the broker restarted", 60)
        self.assertEqual(self.mosquitto("sub", "-t", "state", "-C", "1", "-W", "20"), "kept\n")

    def opens_low_ports(self):
        self.replace_in_configuration("\n# [[listener]]\n", "\n[[listener]]\nport = 883\n[[listener]]\n")
        self.systemctl("restart", "tombo")
        self.mosquitto("pub", "-p", "883", "-t", "t", "-m", "below 1024")
        self.replace_in_configuration("\n[[listener]]\nport = 883\n[[listener]]\n", "\n# [[listener]]\n")
        self.systemctl("restart", "tombo")

    def is_activated_by_its_socket(self):
        self.systemctl("stop", "tombo")
        self.systemctl("start", "tombo.socket")
        self.assertFalse(self.is_active())
        self.assertEqual(self.mosquitto("sub", "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        self.assertTrue(self.is_active())
        self.assertEqual(self.mosquitto("sub", "-h", "::1", "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        self.systemctl("stop", "tombo.socket", "tombo.service")
        self.systemctl("start", "tombo")

    def is_restarted_by_an_upgrade(self):
        number = self.property("MainPID")
        self.root.run("dpkg", "--force-confold", "-i", f"/root/{self.newer.name}", input="", timeout=120)
        wait_until(self.is_active, "the service is active")
        self.assertNotEqual(self.property("MainPID"), number)
        self.assertEqual(self.mosquitto("sub", "-t", "state", "-C", "1", "-W", "20"), "kept\n")

    def does_not_try_again_after_a_mistake(self):
        self.replace_in_configuration("stop_deadline_s = 7", "stop_deadlin_s = 7")
        self.root.run("systemctl", "restart", "tombo", check=False)
        self.assertEqual(self.property("ActiveState"), "failed")
        self.assertEqual(self.property("ExecMainStatus"), "2")
        self.assertIn("stop_deadline_s", self.journal(), "the log says what was meant")
        self.replace_in_configuration("stop_deadlin_s = 7", "stop_deadline_s = 7")
        self.systemctl("start", "tombo")

    def takes_the_place_of_mosquitto(self):
        """The unit: started as root, with Mosquitto's directories, as the user that the file names."""
        self.root.run("useradd", "--system", "--no-create-home", "mosquitto")
        self.root.run("mkdir", "-p", "/etc/mosquitto", "/var/lib/mosquitto", "/var/log/mosquitto")
        self.root.run("chown", "mosquitto:", "/var/lib/mosquitto", "/var/log/mosquitto")
        (self.root.path / "etc/mosquitto/mosquitto.conf").write_text(self.mosquitto_configuration())
        self.systemctl("start", "tombo-mosquitto")
        self.assertTrue(self.is_active("tombo-mosquitto.service"))
        self.assertFalse(self.is_active(), "they exclude each other")
        number = self.property("MainPID", "tombo-mosquitto.service")
        self.assertEqual(self.root.run("stat", "-c", "%U", f"/proc/{number}").stdout, "mosquitto\n")
        self.assertEqual((self.root.path / "var/log/mosquitto/mosquitto.log").exists(), True)
        self.assertEqual(self.root.run("cat", "/run/mosquitto/mosquitto.pid").stdout.strip(), number)
        self.mosquitto("pub", "-q", "1", "-r", "-t", "there", "-m", "too")
        self.systemctl("restart", "tombo-mosquitto")
        self.assertEqual(self.mosquitto("sub", "-t", "there", "-C", "1", "-W", "20"), "too\n")
        self.systemctl("stop", "tombo-mosquitto")
        self.systemctl("start", "tombo")

    def mosquitto_configuration(self):
        """What Debian's mosquitto.conf says, or in TOML as long as tombo reads nothing else."""
        if "--config-format" in self.root.run("tombo", "--help").stdout:
            return ("pid_file /run/mosquitto/mosquitto.pid\npersistence true\npersistence_location /var/lib/mosquitto/\n"
                    "log_dest file /var/log/mosquitto/mosquitto.log\n")
        return ('pid_file = "/run/mosquitto/mosquitto.pid"\nallow_anonymous = true\n'
                '[persistence]\ndirectory = "/var/lib/mosquitto/tombo"\n'
                '[log]\nto = ["file:/var/log/mosquitto/mosquitto.log"]\n[defence]\nuser = "mosquitto"\n')

    def is_stopped_by_purge(self):
        self.root.run("dpkg", "--purge", "tombo", timeout=120)
        self.assertFalse(self.is_active())
        self.assertEqual(self.root.run("ls", "/var/lib").stdout.split().count("tombo"), 0)
        units = self.root.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "tombo*").stdout
        self.assertEqual(re.findall(r"tombo\S*", units), [])


if __name__ == "__main__":
    debian_root.NEEDED.append("systemd-nspawn")
    debian_root.enter()
    unittest.main(argv=sys.argv[:1], verbosity=2)
