"""Whether the executable exports what Debian's broker exports for plugins, and nothing that plugins have no use for.

  exports.py TOMBO
"""

import os
import re
import subprocess
import sys

MOSQUITTO = "/usr/sbin/mosquitto"
DYNSEC = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
# What a program exports by itself; the second line: variables of libraries, of which it has the one copy.
OTHERS = re.compile(r"^(_IO_stdin_used|__data_start|data_start|_?_?(bss_start|edata|end|init|fini)_?_?|_?_?environ|"
                    r"__libc_single_threaded|ber_pvt_opt_on|in6addr_\w+|std(in|out|err))$")


def exported(path):
    lines = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in lines.splitlines()}


def main():
    if not os.path.exists(MOSQUITTO):
        print("skipped: there is no", MOSQUITTO)
        return 77
    ours = exported(sys.argv[1])
    theirs = {name for name in exported(MOSQUITTO) if re.match(r"mosquitto_[^_]", name)}
    wrong = [f"missing: {name}" for name in sorted(theirs - ours)]
    assert len(theirs) > 40 and "mosquitto_callback_register" in theirs, "nm shows nothing of Debian's broker"
    undefined = subprocess.run(["nm", "-D", "--undefined-only", DYNSEC], capture_output=True, text=True, check=True).stdout
    wrong += [f"missing for dynamic security: {name}" for name in re.findall(r"\bmosquitto_\w+", undefined) if name not in ours]
    # C++'s own (type information, inline functions that must be one everywhere) is mangled; nothing of tombo's may be there.
    wrong += [f"exported: {name}" for name in sorted(ours)
              if not name.startswith("mosquitto_") and not OTHERS.match(name) and ("tombo" in name or not name.startswith("_Z"))]
    print("\n".join(wrong) or f"{len(theirs)} names are there")
    return 1 if wrong else 0


sys.exit(main())
