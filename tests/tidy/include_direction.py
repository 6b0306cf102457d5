#!/usr/bin/python3
"""Which layer includes which: look left only, and heavy libraries stay in the files that are named for them.

    base <- mqtt <- {session, routing} <- broker <- net <- app;   auth, store, config stand beside broker.
    bench, the load tester, is a client: it shares base and mqtt with the broker and nothing else.
    broker <- control <- app, beside net;   tomboctl talks to control through a socket only.
"""

import re
import sys

from sources import files, name_of

# What a layer may include, besides itself and the standard library.
ALLOWED = {
    "base": set(),
    "mqtt": {"base"},
    "session": {"base", "mqtt"},
    "routing": {"base", "mqtt"},
    "auth": {"base", "mqtt", "config"},
    "filter": {"base", "mqtt", "auth", "config"},
    "plugin": {"base", "mqtt", "auth", "config"},
    "store": {"base", "mqtt"},
    "config": {"base"},
    "broker": {"base", "mqtt", "session", "routing", "auth", "store", "config", "plugin"},
    "control": {"base", "mqtt", "config", "store", "auth", "broker"},
    "tomboctl": {"base", "mqtt", "store", "auth", "config"},
    "net": {"base", "mqtt", "session", "routing", "auth", "store", "config", "broker", "filter"},
    "app": {"base", "mqtt", "session", "routing", "auth", "store", "config", "broker", "net",
            "control", "filter", "plugin"},
    "bench": {"base", "mqtt"},
}

# Library, how its includes begin, and the only places that may.
CONFINED = (
    ("Asio", re.compile(r"^(boost/)?asio(\.hpp|/)"), re.compile(r"^src/net/")),
    ("spdlog", re.compile(r"^spdlog/"), re.compile(r"^src/app/log_sinks")),
    ("CLI11", re.compile(r"^CLI/"), re.compile(r"^src/(app/cli|bench/cli/|tomboctl/)")),
    ("toml++", re.compile(r"^toml(\+\+|plusplus)/"), re.compile(r"^src/(config|bench/plan|auth/acl)/")),
    ("RocksDB", re.compile(r"^rocksdb/"), re.compile(r"^src/store/rocks/")),
    ("OpenSSL", re.compile(r"^openssl/"), re.compile(r"^src/(filter/(tls|websocket)|auth|bench/engine)/")),
    ("wslay", re.compile(r"^wslay/"), re.compile(r"^src/filter/websocket/")),
    ("http-parser", re.compile(r"^http_parser\.h"), re.compile(r"^src/filter/websocket/")),
    ("libargon2", re.compile(r"^argon2\.h"), re.compile(r"^src/auth/argon2/")),
    ("libjwt", re.compile(r"^jwt\.h"), re.compile(r"^src/auth/jwt/")),
    ("libcurl", re.compile(r"^curl/"), re.compile(r"^src/auth/http/")),
    ("GNU SASL", re.compile(r"^gsasl\.h"), re.compile(r"^src/auth/scram/")),
    ("OpenLDAP", re.compile(r"^(ldap|lber)\.h"), re.compile(r"^src/auth/ldap/")),
    ("libpq and SQLite", re.compile(r"^(postgresql/|libpq|sqlite3\.h)"), re.compile(r"^src/auth/sql/")),
    ("dlopen", re.compile(r"^dlfcn\.h$"), re.compile(r"^src/plugin/host/shared_object")),
    ("nlohmann-json", re.compile(r"^nlohmann/"),
     re.compile(r"^src/((bench/(report|coordinate)|control|tomboctl|auth/(jwt|http))/|broker/control_topics)")),
)

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def offences(name, text):
    """What is wrong with the includes of the file `name` (a path from the root)."""
    found = []
    layer = name.split("/")[1]
    if layer not in ALLOWED:
        return [f"{name}: src/{layer} is not a layer; teach tests/tidy/include_direction.py where it stands"]
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        head = target.split("/")[0]
        if head in ALLOWED and head != layer and head not in ALLOWED[layer]:
            found.append(f"{name}:{number}: {layer} must not include {head} ({target})")
        if target.startswith(".."):
            found.append(f"{name}:{number}: include from src/, not relative: {target}")
        for library, begins, places in CONFINED:
            if begins.match(target) and not places.match(name):
                found.append(f"{name}:{number}: {library} may be included only in {places.pattern.lstrip('^')}*")
    return found


def main():
    found, count = [], 0
    for path in files("src"):
        count += 1
        found += offences(name_of(path), path.read_text())
    print("\n".join(found) if found else f"{count} files look left only")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
