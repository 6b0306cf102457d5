#!/usr/bin/python3
"""The packages in a Debian system of their own: installed, used, upgraded, removed, purged.

usage: test_install.py DIRECTORY_OF_THE_PACKAGES CACHE
"""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

import debian_root
from debian_root import DebianRoot, newer, packages_in, version_of, wait_until

BROKER = "/usr/bin/tombo"
CONFIGURATION = "etc/tombo/tombo.toml"


class Life(unittest.TestCase):
    """One test: each step needs the one before."""

    @classmethod
    def setUpClass(cls):
        cls.root = DebianRoot(sys.argv[2], "install")
        cls.addClassCleanup(cls.root.close)
        cls.packages = packages_in(sys.argv[1])
        cls.version = version_of(cls.packages["tombo"])
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = scratch.name

    def in_root(self, name):
        return self.root.path / name.lstrip("/")

    def owner_and_mode(self, name):
        run = self.root.run("stat", "-c", "%U:%G %a", name)
        return run.stdout.strip()

    def enabled(self, unit, target="multi-user.target.wants"):
        return os.path.lexists(self.in_root(f"etc/systemd/system/{target}/{unit}"))

    def masked(self, unit):
        link = self.in_root(f"etc/systemd/system/{unit}")
        return link.is_symlink() and os.readlink(link) == "/dev/null"

    def status(self, package):
        run = self.root.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Version}", package, check=False)
        return " ".join(run.stdout.split()) if run.returncode == 0 else "unknown"

    # -- the broker

    def start(self):
        self.root.run("setpriv", "--reuid", "tombo", "--regid", "tombo", "--init-groups", BROKER, "-c", f"/{CONFIGURATION}", "-d")
        numbers = self.root.processes(BROKER)
        self.assertEqual(len(numbers), 1, "tombo -d returned, so the broker runs")
        return numbers[0]

    def stop(self, number):
        """This program is process 1, so the daemon is its child now."""
        os.kill(number, signal.SIGTERM)
        ended = []
        wait_until(lambda: ended.append(os.waitpid(number, os.WNOHANG)) or ended[-1][0] == number, "tombo ends after SIGTERM")
        self.assertEqual(os.waitstatus_to_exitcode(ended[-1][1]), 0)

    def mosquitto(self, tool, *words, check=True):
        run = subprocess.run(self.root.on_loopback([f"mosquitto_{tool}", *words]), capture_output=True, text=True, timeout=30)
        if check:
            self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    # -- the steps

    def test_from_install_to_purge(self):
        self.installs()
        self.serves()
        self.upgrades()
        self.keeps_what_the_administrator_changed()
        self.removes()
        self.comes_back()
        self.purges()

    def installs(self):
        self.root.apt("update")
        files = [self.root.take(self.packages[name]) for name in ("tombo", "tombo-tools", "libtombo-plugin-dev")]
        said = self.root.apt("install", *files).stdout
        self.assertNotRegex(said, r"(?i)\b(warning|error|failed)\b.*tombo|tombo.*\b(error|failed)\b")
        for package in ("tombo", "tombo-tools", "libtombo-plugin-dev"):
            self.assertEqual(self.status(package), f"ii {self.version}")
            self.assertEqual(self.root.run("dpkg", "--verify", package).stdout, "")

        self.assertRegex(self.root.run("getent", "passwd", "tombo").stdout,
                         r"^tombo:x:\d+:\d+:[^:]*:/var/lib/tombo:/usr/sbin/nologin$")
        self.assertEqual(self.owner_and_mode("/var/lib/tombo"), "tombo:tombo 700")
        self.assertEqual(self.owner_and_mode("/var/log/tombo"), "tombo:tombo 750")
        self.assertEqual(self.owner_and_mode("/run/tombo"), "tombo:tombo 755")
        self.assertEqual(self.owner_and_mode(f"/{CONFIGURATION}"), "root:root 644")
        self.assertIn(f"/{CONFIGURATION}", self.root.run("dpkg-query", "-W", "-f", "${Conffiles}", "tombo").stdout)

        self.assertTrue(self.enabled("tombo.service"))
        self.assertFalse(self.enabled("tombo-mosquitto.service"))
        self.assertFalse(self.enabled("tombo.socket", "sockets.target.wants"))
        self.assertEqual(self.root.processes(BROKER), [], "systemd does not run here, so nothing was started")
        verified = self.root.run("systemd-analyze", "verify", "--man=no", "tombo.service", "tombo.socket",
                                 "tombo-mosquitto.service")
        self.assertEqual([line for line in verified.stdout.split("\n") if "tombo" in line], [])

        for program in ("tombo", "tomboctl"):
            self.assertIn(self.version.split("-")[0], self.root.run(program, "--version").stdout)
        self.compiles_the_example()

    def compiles_the_example(self):
        example = self.in_root("usr/share/doc/libtombo-plugin-dev/examples/example.c")
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        f"-I{self.in_root('usr/include')}", example, "-o", f"{self.scratch}/example.so"], check=True, timeout=60)

    def serves(self):
        number = self.start()
        status = self.root.run("tomboctl", "status").stdout
        self.assertIn(self.version.split("-")[0], status)
        # A client that comes and goes leaves a session in which a message waits; another message is retained.
        self.mosquitto("sub", "-i", "keeps", "-c", "-q", "1", "-t", "parcels/#", "-E")
        self.mosquitto("pub", "-i", "sender", "-q", "1", "-t", "parcels/1", "-m", "waits")
        self.mosquitto("pub", "-i", "sender", "-q", "1", "-r", "-t", "state", "-m", "kept")
        self.assertEqual(self.mosquitto("sub", "-i", "reads", "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        bench = self.root.run("tombo-bench", "pubsub", "-c", "2", "-q", "1", "-n", "200", "--format", "json", "--quiet")
        self.assertEqual(bench.returncode, 0, bench.stdout)
        self.mosquitto("pub", "-i", "sender", "-V", "5", "-h", "::1", "-t", "six", "-m", "over IPv6 as well")
        self.stop(number)

    def upgrades(self):
        self.root.run("systemctl", "disable", "tombo.service")
        version = f"{self.version}+test1"
        self.root.apt("install", self.root.take(newer(self.packages["tombo"], version, self.scratch)))
        self.assertEqual(self.status("tombo"), f"ii {version}")
        self.assertIn(f"# as of {version}", self.in_root(CONFIGURATION).read_text(), "nobody had changed it: the new one")
        self.assertFalse(self.enabled("tombo.service"), "the administrator had switched it off")

    def keeps_what_the_administrator_changed(self):
        file = self.in_root(CONFIGURATION)
        file.write_text(file.read_text().replace("# stop_deadline_s = 5", "stop_deadline_s = 7"))
        mine = file.read_text()
        self.in_root("etc/tombo/passwords").write_text("")
        self.root.run("systemctl", "enable", "tombo.service")
        version = f"{self.version}+test2"
        self.root.apt("install", "-o", "Dpkg::Options::=--force-confold",
                      self.root.take(newer(self.packages["tombo"], version, self.scratch)))
        self.assertEqual(file.read_text(), mine)
        self.assertIn(f"# as of {version}", self.in_root(CONFIGURATION + ".dpkg-dist").read_text())
        self.assertTrue(self.enabled("tombo.service"))

        number = self.start()
        self.assertEqual(self.mosquitto("sub", "-i", "reads", "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        self.assertEqual(self.mosquitto("sub", "-i", "keeps", "-c", "-q", "1", "-t", "parcels/#", "-C", "1", "-W", "20"),
                         "waits\n")
        self.stop(number)

    def removes(self):
        self.root.apt("remove", "tombo")
        self.assertTrue(self.status("tombo").startswith("rc"))
        for gone in (BROKER, "lib/systemd/system/tombo.service", "lib/systemd/system/tombo.socket", "usr/share/doc/tombo",
                     "usr/share/man/man8/tombo.8.gz", "usr/lib/sysusers.d/tombo.conf"):
            self.assertFalse(os.path.lexists(self.in_root(gone)), gone)
        for kept in (CONFIGURATION, "etc/tombo/passwords", "var/lib/tombo/db"):
            self.assertTrue(self.in_root(kept).exists(), kept)
        self.assertTrue(self.masked("tombo.service"))
        self.assertEqual(self.status("tombo-tools"), f"ii {self.version}", "the tools need no broker")

    def comes_back(self):
        self.root.apt("install", "-o", "Dpkg::Options::=--force-confold", f"/root/{self.packages['tombo'].name}")
        self.assertFalse(self.masked("tombo.service"))
        self.assertTrue(self.enabled("tombo.service"))
        number = self.start()
        self.assertEqual(self.mosquitto("sub", "-i", "reads", "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        self.stop(number)

    def purges(self):
        self.in_root("var/log/tombo/tombo.log").write_text("")
        self.root.apt("purge", "tombo", "tombo-tools", "libtombo-plugin-dev")
        for package in ("tombo", "tombo-tools", "libtombo-plugin-dev"):
            self.assertTrue(self.status(package).startswith("un"), self.status(package))  # dpkg says un, or does not know it
        left = self.root.run("find", "/etc", "/lib", "/usr", "/var", "/run", "-xdev", "-iname", "*tombo*",
                             "-not", "-path", "/var/cache/*").stdout.split()
        # The directory holds what the administrator put there; the user stays, since other files may belong to it.
        self.assertEqual(left, ["/etc/tombo"])
        self.assertEqual(sorted(os.listdir(self.in_root("etc/tombo"))), ["passwords"])
        self.assertEqual(self.root.run("getent", "passwd", "tombo").returncode, 0)
        self.assertTrue(stat.S_ISDIR(self.in_root("etc/tombo").stat().st_mode))


if __name__ == "__main__":
    debian_root.enter()
    unittest.main(argv=sys.argv[:1], verbosity=2)
