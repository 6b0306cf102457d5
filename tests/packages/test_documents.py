#!/usr/bin/python3
"""Man pages that man reads without a warning and completions that complete, as the build has made them.

usage: test_documents.py SOURCE BUILD VERSION
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SECONDS = 60
PAGES = {"tombo.8": "tombo", "tombo.toml.5": None, "tomboctl.1": "tomboctl", "tombo-bench.1": "tombo-bench"}
# Completes the words after -- and prints what is offered, a line each.
COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
name="$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"
"$name"
printf '%s\\n' "${COMPREPLY[@]}"
"""


class ManPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source, cls.build = Path(sys.argv[1]), Path(sys.argv[2])

    def page(self, name):
        return self.build / "packaging/man" / f"{name}.gz"

    @unittest.skipUnless(shutil.which("man") and shutil.which("lexgrog"), "man-db is not installed")
    def test_man_reads_them_without_a_warning(self):
        for name in PAGES:
            with self.subTest(name):
                run = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", self.page(name)],
                                     capture_output=True, text=True, timeout=SECONDS,
                                     env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                run = subprocess.run(["lexgrog", self.page(name)], capture_output=True, text=True, timeout=SECONDS)
                self.assertIn(f'"{name[:-2]} - ', run.stdout)

    def test_no_section_of_docs_that_they_take_over_is_missing(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, program in PAGES.items():
                words = ["--program", self.build / program] if program else []
                run = subprocess.run([sys.executable, "-B", self.source / "packaging/doc/man_pages.py", name, self.source,
                                      f"{directory}/page", "--version", sys.argv[3], "--check", *words],
                                     capture_output=True, text=True, timeout=SECONDS)
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def text(self, name):
        with gzip.open(self.page(name), "rt", encoding="utf-8") as file:
            return file.read().replace("\\-", "-")

    def test_every_option_of_the_file_is_explained(self):
        text = self.text("tombo.toml.5")
        keys = re.findall(r"^\| `(\w+)` \|", (self.source / "docs/options.md").read_text(), re.M)
        self.assertGreater(len(keys), 100)
        self.assertEqual([key for key in keys if f"\\fB{key}\\fR" not in text], [])

    def test_every_option_of_the_programs_is_explained(self):
        for name, program in PAGES.items():
            if program is None:
                continue
            sys.path.insert(0, str(self.source / "packaging/doc"))
            import help_text  # pylint: disable=import-outside-toplevel
            text = self.text(name)
            for command in help_text.read(str(self.build / program), [program]).walk():
                missing = [option.names for option in command.options()
                           if "--help" not in option.names and f"\\fB{option.names[-1]}\\fR" not in text]
                self.assertEqual(missing, [], command.words)

    def test_they_name_the_version(self):
        for name in PAGES:
            self.assertIn(f'"tombo {sys.argv[3]}"', self.text(name))


class Completion(unittest.TestCase):
    def complete(self, *words):
        file = Path(sys.argv[2]) / "packaging/completions" / words[0]
        run = subprocess.run(["bash", "--norc", "-c", COMPLETE, "bash", file, *words], capture_output=True, text=True,
                             timeout=SECONDS, cwd=Path(sys.argv[1]))
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return sorted(run.stdout.split())

    def test_commands(self):
        self.assertEqual(self.complete("tomboctl", "re"), ["reload", "restore", "retained"])
        self.assertEqual(self.complete("tomboctl", "store", "c"), ["check", "compact"])
        self.assertIn("latency", self.complete("tombo-bench", ""))

    def test_options_of_a_command_and_of_the_program(self):
        self.assertEqual(self.complete("tombo", "--test"), ["--test-config"])
        self.assertEqual(self.complete("tomboctl", "clients", "ls", "--l"), ["--limit", "--listener"])
        self.assertEqual(self.complete("tomboctl", "--json", "sessions", "ls", "--js"), ["--json"])
        self.assertIn("--topic", self.complete("tombo-bench", "pub", "--to"))

    def test_values_of_options(self):
        self.assertEqual(self.complete("tomboctl", "acl", "explain", "--action", "p"), ["publish"])
        self.assertEqual(self.complete("tomboctl", "passwd", "--hash", "=", "pb"), ["pbkdf2"])

    def test_files_and_directories_where_they_belong(self):
        self.assertEqual(self.complete("tombo", "-c", "README"), ["README.md"])
        self.assertEqual(self.complete("tomboctl", "store", "check", "sr"), ["src"])
        self.assertEqual(self.complete("tomboctl", "store", "check", "README"), [], "a store is a directory")
        self.assertEqual(self.complete("tomboctl", "store", "import", "src", "README"), ["README.md"])
        self.assertEqual(self.complete("tomboctl", "clients", "show", "READ"), [], "a client is no file")

    def test_nothing_where_nothing_fits(self):
        self.assertEqual(self.complete("tombo", "-p", ""), [])
        self.assertEqual(self.complete("tomboctl", "status", "x"), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
