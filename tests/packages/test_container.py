#!/usr/bin/python3
"""packaging/Dockerfile without a container engine: its steps are run in a Debian system of their own, then what it starts.

usage: test_container.py SOURCE BUILD CACHE

What the stage `build` makes is taken from BUILD, where the same commands have made it; with TOMBO_CONTAINER_BUILD=1 that
stage is run as well, which compiles everything.
"""

import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import debian_root
import dockerfile
from debian_root import COMMAND_S, DebianRoot, wait_until

COMPILE_S = 3 * 3600
LEFT_OUT = {".git", "build"}


class Container:
    """The last stage, made step by step."""

    def __init__(self, source, build, root):
        self.source, self.build, self.root = source, build, root
        self.first, self.last = dockerfile.parse((source / "packaging/Dockerfile").read_text())

    def in_root(self, root, path):
        return root.path / path.lstrip("/")

    def run_step(self, root, instruction, value, directory, timeout):
        if instruction == "RUN":
            root.run("sh", "-c", f"cd {directory} && {value}", net=True, timeout=timeout, stdin=subprocess.DEVNULL)
        elif instruction == "COPY":
            self.copy(root, value, directory)

    def copy(self, root, words, directory):
        if words[0] == "--from=build":
            shutil.copytree(self.made, self.in_root(root, words[2]))
            return
        *files, to = words
        target = self.in_root(root, to if to.startswith("/") else f"{directory}/{to}")
        for file in files:
            if file == ".":
                shutil.copytree(self.source, target, dirs_exist_ok=True, symlinks=True,
                                ignore=lambda _, names: [name for name in names if name in LEFT_OUT or name.startswith("build-")])
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.source / file, target)

    def run_stage(self, root, stage, timeout):
        directory = "/"
        for instruction, value in stage.steps:
            if instruction == "WORKDIR":
                directory = value[0]
                self.in_root(root, directory).mkdir(parents=True, exist_ok=True)
            self.run_step(root, instruction, value, directory, timeout)

    def take_from_build(self, directory):
        """What the steps of the stage `build` leave in /packages."""
        made = directory / "packages"
        made.mkdir()
        taken = " ".join(value for name, value in self.first.steps if name == "RUN" and value.startswith("cp "))
        taken = taken.replace("build/container/", f"{self.build}/").replace(" packaging/", f" {self.source}/packaging/")
        for word in taken.split():
            if word.startswith("/") and word != "/packages":
                files = list(Path("/").glob(word.lstrip("/")))
                if len(files) != 1:
                    raise AssertionError(f"{word}: {files}")
                shutil.copy(files[0], made)
        return made


class ContainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        source, build, cache = map(lambda word: Path(word).resolve(), sys.argv[1:4])
        cls.root = DebianRoot(cache, "container")
        cls.addClassCleanup(cls.root.close)
        cls.container = Container(source, build, cls.root)
        scratch = cache / "container-made"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        cls.addClassCleanup(shutil.rmtree, scratch)
        if os.environ.get("TOMBO_CONTAINER_BUILD"):
            builder = DebianRoot(cache, "container-build")
            cls.addClassCleanup(builder.close)
            cls.container.run_stage(builder, cls.container.first, COMPILE_S)
            cls.container.made = builder.path / "packages"
        else:
            cls.container.made = cls.container.take_from_build(scratch)
        cls.container.run_stage(cls.root, cls.container.last, COMMAND_S * 5)

    def start(self, **environment):
        stage = self.container.last
        user, group = stage.last("USER")[0].split(":")
        command = self.root.inside(["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs",
                                    "--bounding-set=-all", *stage.last("ENTRYPOINT"), *stage.last("CMD")])
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, COMMAND_S)
        self.addCleanup(process.kill)
        wait_until(lambda: process.poll() is not None or self.health() == 0, "the health check says that it is well")
        if process.poll() is not None:
            self.fail(process.stdout.read())
        return process

    def health(self, port=None):
        command = dockerfile.health_command(self.container.last.last("HEALTHCHECK"))
        user, group = self.container.last.last("USER")[0].split(":")
        return self.root.run("setpriv", "--reuid", user, "--regid", group, "--clear-groups", "env",
                             *([f"TOMBO_HEALTH_PORT={port}"] if port else []), *command, check=False).returncode

    def stop(self, process):
        process.send_signal(getattr(signal, self.container.last.last("STOPSIGNAL")[0]))
        self.assertEqual(process.wait(COMMAND_S), 0)

    def mosquitto(self, tool, *words):
        run = subprocess.run(self.root.on_loopback([f"mosquitto_{tool}", *words]), capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def test_it_serves_and_keeps_its_data(self):
        self.assertNotEqual(self.health(), 0, "nothing runs yet")
        port = self.container.last.last("EXPOSE")[0]
        subprocess.run(self.root.on_loopback(["ip", "address", "replace", "192.0.2.1/32", "dev", "lo"]), check=True,
                       timeout=COMMAND_S)
        process = self.start()
        # Not a loopback address, as from outside of a container.
        self.mosquitto("pub", "-h", "192.0.2.1", "-p", port, "-q", "1", "-r", "-t", "state", "-m", "kept")
        self.stop(process)
        process = self.start()
        self.assertEqual(self.mosquitto("sub", "-p", port, "-t", "state", "-C", "1", "-W", "20"), "kept\n")
        self.stop(process)
        self.assertNotEqual(self.health(), 0, "it has ended")

    def test_its_health_is_asked_at_the_port_where_there_is_no_control_socket(self):
        file = self.root.path / "etc/tombo/tombo.toml"
        text = file.read_text()
        self.addCleanup(file.write_text, text)
        file.write_text(text.replace('socket = "/run/tombo/control.sock"', 'socket = ""'))
        process = self.start()
        self.assertFalse((self.root.path / "run/tombo/control.sock").exists())
        self.assertNotEqual(self.health(port=1884), 0, "nothing listens there")
        process.send_signal(signal.SIGSTOP)
        self.assertNotEqual(self.health(), 0, "it stands still")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: self.health() == 0, "it goes on")
        self.stop(process)

    def test_volumes_belong_to_its_user(self):
        user = self.container.last.last("USER")[0]
        self.assertEqual(self.container.last.last("VOLUME"), ["/etc/tombo", "/var/lib/tombo"])
        self.assertEqual(self.root.run("stat", "-c", "%u:%g", "/var/lib/tombo").stdout.strip(), user)
        self.assertEqual(self.root.run("stat", "-c", "%a", "/etc/tombo/tombo.toml").stdout.strip(), "644")

    def test_nothing_of_the_build_is_left(self):
        self.assertFalse((self.root.path / "packages").exists())
        self.assertFalse((self.root.path / "usr/bin/systemctl").exists(), "systemd is not needed")


if __name__ == "__main__":
    debian_root.enter()
    unittest.main(argv=sys.argv[:1], verbosity=2)
