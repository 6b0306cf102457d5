"""Whether strace may be used, and with which environment."""

import os
import subprocess


def strace_reason():
    """Why strace cannot be used here; empty if it can."""
    try:
        run = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return "strace is not installed"
    return "" if run.returncode == 0 else f"strace may not trace here: {run.stderr.strip()}"


def env_of_traced():
    """LeakSanitizer cannot work in a process that is traced."""
    return {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
