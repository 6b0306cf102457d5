#!/usr/bin/python3
"""The plugin in docs/plugins.md compiles as it stands.  usage: docs_example.py CC HEADERS PAGE"""

import re
import subprocess
import sys
import tempfile


def main():
    compiler, headers, page = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        programs = re.findall(r"^```c\n(.*?)^```", file.read(), re.M | re.S)
    whole = [program for program in programs if "tombo_plugin_init" in program]
    if not whole:
        print(f"{page} has no plugin")
        return 1
    for program in whole:
        with tempfile.TemporaryDirectory() as directory:
            run = subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC", f"-I{headers}",
                                  "-x", "c", "-", "-o", f"{directory}/plugin.so"], input=program, text=True, timeout=60)
            if run.returncode != 0:
                return 1
    print(f"{len(whole)} plugins compile")
    return 0


if __name__ == "__main__":
    sys.exit(main())
