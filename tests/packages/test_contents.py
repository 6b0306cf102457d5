#!/usr/bin/python3
"""What is in the packages, what they say of themselves, and what lintian says of them; root is not needed.

usage: test_contents.py DIRECTORY_OF_THE_PACKAGES VERSION SOURCE
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SECONDS = 120
# Lines of `systemd-analyze security` are quoted in docs/operations.md; higher is more exposed.
EXPOSURE_MAX = {"tombo.service": 1.5, "tombo-mosquitto.service": 3.0}
EVERY_PACKAGE = ["usr/share/doc/{0}/copyright", "usr/share/doc/{0}/changelog.Debian.gz", "usr/share/doc/{0}/changelog.gz",
                 "usr/share/lintian/overrides/{0}"]
CONTENTS = {
    "tombo": ["usr/bin/tombo", "etc/tombo/tombo.toml", "lib/systemd/system/tombo.service", "lib/systemd/system/tombo.socket",
              "lib/systemd/system/tombo-mosquitto.service", "usr/lib/sysusers.d/tombo.conf", "usr/lib/tmpfiles.d/tombo.conf",
              "usr/share/man/man8/tombo.8.gz", "usr/share/man/man5/tombo.toml.5.gz",
              "usr/share/bash-completion/completions/tombo"],
    "tombo-tools": ["usr/bin/tomboctl", "usr/bin/tombo-bench",
                    "usr/share/man/man1/tomboctl.1.gz", "usr/share/man/man1/tombo-bench.1.gz",
                    "usr/share/bash-completion/completions/tomboctl", "usr/share/bash-completion/completions/tombo-bench"],
    "libtombo-plugin-dev": ["usr/include/tombo/plugin.h", "usr/share/doc/libtombo-plugin-dev/examples/example.c"],
}


def output_of(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=SECONDS, **options).stdout


def needed_by(*programs):
    """Names of the shared libraries that programs name themselves."""
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", *programs)))


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory, cls.version, source = sys.argv[1:4]
        cls.source = Path(source)
        cls.files = {file.name.partition("_")[0]: file for file in Path(directory).glob("*.deb")}
        unpacked = tempfile.TemporaryDirectory()
        cls.addClassCleanup(unpacked.cleanup)
        cls.unpacked = Path(unpacked.name)
        for name, file in cls.files.items():
            output_of("dpkg-deb", "-R", file, cls.unpacked / name)

    def field(self, package, name):
        return output_of("dpkg-deb", "-f", self.files[package], name).strip()

    def test_there_are_three(self):
        self.assertEqual(set(self.files), set(CONTENTS))

    def test_each_has_its_files(self):
        for package, expected in CONTENTS.items():
            for name in [*expected, *(name.format(package) for name in EVERY_PACKAGE)]:
                with self.subTest(package, name=name):
                    self.assertTrue((self.unpacked / package / name).is_file())

    def test_no_file_is_in_two_of_them(self):
        seen = {}
        for package in CONTENTS:
            for path in (self.unpacked / package).rglob("*"):
                name = path.relative_to(self.unpacked / package)
                if path.is_file() and name.parts[0] != "DEBIAN":
                    self.assertNotIn(name, seen, f"in {package} and {seen.get(name)}")
                    seen[name] = package

    def test_everything_belongs_to_root(self):
        for package, file in self.files.items():
            others = [line for line in output_of("dpkg-deb", "-c", file).split("\n") if line and " root/root " not in line]
            self.assertEqual(others, [], package)

    def test_the_version_is_the_projects(self):
        for package in CONTENTS:
            self.assertTrue(self.field(package, "Version").startswith(self.version + "-"))
        for program in ("tombo/usr/bin/tombo", "tombo-tools/usr/bin/tomboctl"):
            self.assertIn(self.version, output_of(self.unpacked / program, "--version"))

    def test_dependencies_are_those_of_the_libraries(self):
        for package in ("tombo", "tombo-tools"):
            programs = list((self.unpacked / package / "usr/bin").iterdir())
            depends = {word.split()[0] for word in self.field(package, "Depends").split(",")}
            for library in needed_by(*programs):
                paths = re.findall(rf"^\s*{re.escape(library)} .*=> (\S+)", output_of("/sbin/ldconfig", "-p"), re.M)
                if not paths:
                    continue  # the loader itself
                path = paths[0]
                owner = output_of("sh", "-c", f"dpkg -S {path} 2>/dev/null || dpkg -S $(readlink -f {path})").split(":")[0]
                with self.subTest(package, library=library):
                    self.assertIn(owner, depends)
        self.assertEqual(self.field("libtombo-plugin-dev", "Depends"), "")
        self.assertEqual(self.field("libtombo-plugin-dev", "Architecture"), "all")

    def test_run_packages_of_the_list_are_what_is_needed(self):
        """packaging/debian-packages.txt, group run, for those who install without packages."""
        listed = set(re.findall(r"^run\s+(\S+)", (self.source / "packaging/debian-packages.txt").read_text(), re.M))
        depends = {word.split()[0] for package in ("tombo", "tombo-tools") for word in self.field(package, "Depends").split(",")}
        compiler = {"libc6", "libgcc-s1", "libstdc++6"}
        self.assertEqual({name for name in depends if name.startswith("lib")} - compiler - listed, set())

    def test_programs_are_stripped_and_bound_at_the_start(self):
        for package in ("tombo", "tombo-tools"):
            for program in (self.unpacked / package / "usr/bin").iterdir():
                sections = output_of("readelf", "-SWd", program)
                self.assertNotIn(".symtab", sections)
                self.assertNotIn(".debug_info", sections)
                self.assertRegex(sections, r"BIND_NOW|NOW")

    def test_the_configuration_is_right_and_opens_nothing(self):
        file = self.unpacked / "tombo/etc/tombo/tombo.toml"
        tombo = self.unpacked / "tombo/usr/bin/tombo"
        subprocess.run([tombo, "-c", file, "--test-config"], check=True, timeout=SECONDS, capture_output=True)
        printed = output_of(tombo, "-c", file, "--print-config")
        addresses = re.findall(r'^(?:# )?address = "(.*)"', printed, re.M)
        self.assertTrue(addresses)
        self.assertEqual(set(addresses) - {"127.0.0.1", "::1"}, set())
        self.assertEqual((self.unpacked / "tombo/DEBIAN/conffiles").read_text(), "/etc/tombo/tombo.toml\n")

    def test_the_socket_unit_opens_what_the_configuration_names(self):
        unit = (self.unpacked / "tombo/lib/systemd/system/tombo.socket").read_text()
        self.assertEqual(re.findall(r"^ListenStream=(.*)$", unit, re.M), ["127.0.0.1:1883", "[::1]:1883"])

    def test_lintian_finds_nothing(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not installed (packaging/install-packages.sh packagetest)")
        run = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *self.files.values()],
                             capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual((run.returncode, run.stdout), (0, ""), run.stdout + run.stderr)

    def test_units_keep_services_in_their_place(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd is not installed (packaging/install-packages.sh packagetest)")
        page = (self.source / "docs/operations.md").read_text()
        for unit, most in EXPOSURE_MAX.items():
            said = output_of("systemd-analyze", "security", "--offline=true", "--no-pager",
                             self.unpacked / "tombo/lib/systemd/system" / unit)
            exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said).group(1)
            self.assertLessEqual(float(exposure), most, said)
            quoted = re.search(rf"`{re.escape(unit)}` .*\| ([\d.]+) \|", page)
            self.assertEqual(quoted and quoted.group(1), exposure, f"what docs/operations.md quotes for {unit}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
