"""tomboctl acl explain and acl diff on files; diff with a made-up broker that lists clients."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import harness
from harness import main


def tool_binary():
    return os.environ.get("TOMBOCTL_BIN") or str(Path(harness.tombo_binary()).with_name("tomboctl"))


class MadeUpBroker:
    """A control socket that gives the answers it was made with, a page a row."""

    def __init__(self, path, answers):
        self.path, self.answers, self.asked = path, answers, []
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(path))
        self.door.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.door.accept()
            except OSError:
                return
            with peer, peer.makefile("rw") as lines:
                for line in lines:
                    request = json.loads(line)
                    self.asked.append((request["command"], request["arguments"]))
                    for page in self._pages(request):
                        lines.write(json.dumps({"v": 1, "id": request["id"], **page}) + "\n")
                    lines.flush()

    def _pages(self, request):
        answer = self.answers.get(request["command"])
        if answer is None:
            return [{"error": {"code": "refused", "text": "this broker has no rules that could be asked"}}]
        if isinstance(answer, dict):
            return [{"result": answer, "more": False}]
        return [{"rows": [row], "more": True} for row in answer] + [{"rows": [], "next": None, "more": False}]

    def close(self):
        self.door.close()


class Tool(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tombo-acl-"))
        self.broker = None

    def tearDown(self):
        if self.broker:
            self.broker.close()
        shutil.rmtree(self.folder)

    def file(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def run_tool(self, *arguments, code=0):
        run = subprocess.run([tool_binary(), "-s", self.folder / "socket", *map(str, arguments)], capture_output=True, text=True,
                             timeout=60)
        self.assertEqual(run.returncode, code, f"{arguments}: {run.stdout}{run.stderr}")
        return run.stderr if code else run.stdout

    def explain(self, *arguments):
        return json.loads(self.run_tool("--json", "acl", "explain", *arguments))

    def test_explain_from_files(self):
        acl = self.file("acl", "user alice\ntopic read a/#\n")
        roles = self.file("roles.toml", "[[role]]\nname = 'r'\npublish = ['dev/%{cn}/#']\nretain = false\nqos_max = 1\n"
                                        "[[group]]\nname = 'ops'\nroles = ['r']\n")
        both = self.file("tombo.toml", f"[acl]\nfile = '{acl}'\nroles_file = '{roles}'\n")
        said = self.explain("--config", both, "--user", "alice", "--topic", "a/1", "--action", "receive")
        self.assertEqual((said["decision"], said["rule"], said["text"]), ("allow", f"{acl}:2", "topic read a/#"))
        said = self.explain("--config", both, "--user", "alice", "--topic", "$share/g/b", "--action", "subscribe")
        self.assertEqual((said["decision"], said["rule"]), ("deny", f"{acl}, {roles}: no rule"))
        device = ["--roles", roles, "--user", "d", "--group", "ops", "--attribute", "cn=s7", "--topic", "dev/s7/x",
                  "--action", "publish"]
        self.assertEqual(self.explain(*device)["decision"], "allow")
        self.assertEqual(self.explain(*device, "--retain")["why"], "the role may not retain")
        self.assertEqual(self.explain(*device, "--qos", 2)["reason"], 0x9B)
        self.assertEqual(self.explain(*device, "--anonymous")["decision"], "deny")
        plain = self.run_tool("acl", "explain", "--acl", acl, "--user", "alice", "--topic", "x", "--action", "publish")
        self.assertRegex(plain, r"(?m)^decision +deny$")
        self.assertRegex(plain, r"(?m)^why +no rule allows it$")

    def test_explain_mistakes(self):
        acl = self.file("acl", "topic red a\n")
        wrong = self.run_tool("acl", "explain", "--acl", acl, "--topic", "a", "--action", "publish", code=1)
        self.assertIn(f"{acl}:1:7: error: 'red' is neither read", wrong)
        self.assertIn("tomboctl: the rules cannot be used", wrong)
        fine = self.file("fine", "topic read a\n")
        for topic, action in (("a/#", "publish"), ("a/#/b", "subscribe")):
            self.run_tool("acl", "explain", "--acl", fine, "--topic", topic, "--action", action, code=2)
        self.run_tool("acl", "explain", "--acl", fine, "--topic", "a", "--action", "look", code=2)
        self.run_tool("acl", "explain", "--user", "a", "--topic", "a", "--action", "publish", code=3)

    def test_explain_by_a_broker(self):
        answer = {"decision": "allow", "rule": "acl:1", "text": "topic read a"}
        self.broker = MadeUpBroker(self.folder / "socket", {"acl.explain": answer})
        said = self.explain("--client", "c1", "--topic", "a", "--action", "receive", "--group", "g", "--group", "h,i")
        self.assertEqual(said["rule"], "acl:1")
        asked = {"topic": "a", "action": "receive", "client": "c1", "groups": ["g", "h,i"]}
        self.assertEqual(self.broker.asked, [("acl.explain", asked)])

    def test_diff(self):
        old = self.file("old", "user alice\ntopic read a/#\nuser bob\ntopic read b/#\n")
        new = self.file("new", "user alice\ntopic read c/#\nuser bob\ntopic read b/#\n")

        def client(name, user, **more):
            return {"id": name, "principal": {"user": user, "backend": "passwords", "groups": [], "attributes": [["cn", "x"]],
                                              "has_grants": False, **more}}
        self.broker = MadeUpBroker(self.folder / "socket", {
            "acl.files": {"file": str(old), "roles_file": ""},
            "clients.list": [client("1", "alice"), client("2", "bob"), client("3", "alice", has_grants=True)],
            "subscriptions.list": [{"id": "1", "filter": "$share/g/a/+"}, {"id": "1", "filter": "c/1"},
                                   {"id": "2", "filter": "b/#"}, {"id": "3", "filter": "a/1"},
                                   {"id": "away", "filter": "a/1"}]})
        rows = [json.loads(line) for line in self.run_tool("--json", "acl", "diff", new).splitlines()]
        self.assertEqual([row["id"] for row in rows], ["1"])
        found = [(one["filter"], one["before"]["decision"], one["after"]["decision"]) for one in rows[0]["subscriptions"]]
        self.assertEqual(found,
                         [("$share/g/a/+", "allow", "deny"), ("c/1", "deny", "allow")])
        self.assertEqual(rows[0]["rules_gone"], ["allow subscribe a/#"])
        self.assertEqual(rows[0]["rules_new"], ["allow subscribe c/#"])
        plain = self.run_tool("acl", "diff", new, "--acl", old)
        self.assertIn("  loses subscription $share/g/a/+", plain)
        self.assertIn("  gains subscription c/1", plain)
        self.assertIn("1 of 3 connected clients are concerned", plain)
        self.assertIn(("clients.list", {"principals": True}), self.broker.asked)
        self.run_tool("acl", "diff", code=2)
        self.run_tool("acl", "diff", self.folder / "none", code=1)


if __name__ == "__main__":
    main()
