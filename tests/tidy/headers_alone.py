#!/usr/bin/python3
"""Every header compiles alone.  usage: headers_alone.py [COMPILER]

A header whose own .cpp includes it before anything else is proven by the build.  Each of the others is a
-fsyntax-only run of its own, as many side by side as there are cores.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from sources import ROOT, files, name_of

FLAGS = ["-std=c++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-DASIO_STANDALONE", "-DASIO_SEPARATE_COMPILATION",
         f"-I{ROOT}/src", f"-I{ROOT}/include"]


def proven_by_build(path):
    """Whether the .cpp beside the header includes it first."""
    source = path.with_suffix(".cpp")
    if not source.is_file():
        return False
    first = re.search(r'^\s*#\s*include\s*[<"]([^">]+)[">]', source.read_text(), re.M)
    return bool(first) and first.group(1) == path.relative_to(ROOT / "src").as_posix()


def check(compiler, path):
    include = path.relative_to(ROOT / ("include" if (ROOT / "include") in path.parents else "src"))
    # Included twice: a missing #pragma once shows too.
    unit = f'#include "{include}"\n#include "{include}"\n'
    run = subprocess.run([compiler, *FLAGS, "-"], input=unit, capture_output=True, text=True, timeout=100)
    return path, run.returncode, run.stderr


def main():
    compiler = sys.argv[1] if len(sys.argv) > 1 else "c++"
    everything = files("src", "include", suffixes=(".hpp", ".h"))
    headers = [path for path in everything if not proven_by_build(path)]
    failed = 0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, code, errors in pool.map(lambda p: check(compiler, p), headers):
            if code != 0:
                failed += 1
                print(f"{name_of(path)} does not compile alone:\n" + "\n".join(errors.splitlines()[:8]))
    print(f"{len(everything)} headers, {len(headers)} of them without a .cpp that begins with them; "
          f"{failed} do not compile alone")
    return 1 if failed or not everything else 0


if __name__ == "__main__":
    sys.exit(main())
