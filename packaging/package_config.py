#!/usr/bin/python3
"""Writes the tombo.toml of the package from config/tombo.toml:  listens on the loopback addresses alone, so that
installing opens nothing to a network, and has the control socket that tomboctl looks for.

usage: package_config.py [--container] SHIPPED OUTPUT

--container: listens on all addresses, since only the port that is published can be reached.
"""

import sys
from pathlib import Path

CONTROL = '# socket = ""', 'socket = "/run/tombo/control.sock"'
LISTENER = ('\n[[listener]]\n',
            '\n# Without a [[listener]], tombo listens on 127.0.0.1 and ::1, port 1883. For a network, take the\n'
            '# "# " from the next line and from address, and first read in /usr/share/doc/tombo/security.md\n'
            '# how to say who may come in.\n# [[listener]]\n')
ADDRESS = '\naddress = "*"\n', '\n# address = "*"\n'
HEAD = ("# It listens on every address of this machine and lets everybody in (allow_anonymous below),\n"
        "# which suits a first try and a closed network, not the internet.\n",
        "# It listens on this machine's loopback addresses only, and lets everybody in who is there\n"
        "# (allow_anonymous below).\n")
CONTAINER_HEAD = (HEAD[0], "# It listens on every address of the container and lets everybody in (allow_anonymous below)\n"
                           "# who reaches the port that was published.\n")


def replaced(text, change):
    old, new = change
    if text.count(old) != 1:
        sys.exit(f"package_config.py: config/tombo.toml has {text.count(old)} times, not once: {old.strip()}")
    return text.replace(old, new)


def main():
    arguments = sys.argv[1:]
    container = arguments[0] == "--container"
    shipped, output = arguments[container:]
    text = Path(shipped).read_text(encoding="utf-8")
    for change in [CONTROL, CONTAINER_HEAD] if container else [CONTROL, HEAD, LISTENER, ADDRESS]:
        text = replaced(text, change)
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
