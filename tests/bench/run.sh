#!/usr/bin/env bash
# Measures tombo against Debian's mosquitto and the bare relay, and against nats-server and RabbitMQ where they are
# installed, and writes docs/performance.md.  Takes about sixteen minutes; nothing else should run meanwhile.
#
#   tests/bench/run.sh [OUTPUT.md] [options of `tombo_e2e compare`...]
#   tests/bench/run.sh perf.md --rounds 5 --seconds 3
#   TOMBO_BIN=build/release/tombo tests/bench/run.sh perf.md --only qos0_batched
#   tests/bench/run.sh --others      the section about other brokers alone, to the standard output
#   tests/bench/run.sh --durable     the section about persistence alone, to the standard output
#   tests/bench/run.sh --secure      the section about TLS, WebSocket, rules and logins alone, to the standard output
#   tests/bench/run.sh --size        the section about sizes, memory and time of a start alone, to the standard output
#
# Environment: TOMBO_BIN   a tombo to measure, with tombo-bench beside it (else build/release is built)
#              MOSQUITTO   the other broker, default /usr/sbin/mosquitto
#              JOBS        compiler jobs, default: all cores
# Exit code: that of tombo_e2e: 0, 1 a broker broke a promise, 3 a target was missed.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
MOSQUITTO=${MOSQUITTO:-/usr/sbin/mosquitto}
JOBS=${JOBS:-$(nproc)}
output=$root/docs/performance.md
if [[ $# -gt 0 && $1 != --* ]]; then
  output=$1
  shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The one place that knows how tombo is started and configured.  Writes the templates into
# $work and sets TOMBO_CMD and TOMBO_CMD_SINGLE; {port} is filled in by the driver.
tombo_commands() {
  local body=$'allow_anonymous = true\n\n[log]\nconnections = false\n\n[[listener]]\nport = {port}\naddress = "127.0.0.1"\n'
  printf '%s' "$body" >"$work/tombo.toml"
  printf 'threads = 1\n%s' "$body" >"$work/tombo_single.toml"
  printf 'threads = 2\nplacement = "hash"\n%s' "$body" >"$work/tombo_crossing.toml"
  TOMBO_CMD="$TOMBO_BIN -c {tombo_conf}"
  TOMBO_CMD_SINGLE="$TOMBO_BIN -c {tombo_single_conf}"
}

build_tombo() {
  local build=$root/build/release
  cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release >&2
  cmake --build "$build" -j "$JOBS" --target tombo tombo-bench tomboctl bench_acl >&2
  TOMBO_BIN=$(find "$build" -type f -name tombo -perm -u+x -print -quit)
}

build_driver() {
  local build=$root/build/bench-e2e
  cmake -S "$root/tests/bench/e2e" -B "$build" -DCMAKE_BUILD_TYPE=Release >&2
  cmake --build "$build" -j "$JOBS" >&2
  DRIVER=$build/tombo_e2e
  RELAY=$build/tombo_relay
}

# What persistence costs.  As root with a loop device of its own to count bytes on, else with what the kernel counts.
durable() {
  local build=$root/build/bench-durable
  cmake -S "$root/tests/bench/durable" -B "$build" -DCMAKE_BUILD_TYPE=Release >&2
  cmake --build "$build" -j "$JOBS" >&2
  "$root/tests/bench/durable/durable.py" --tombo "$TOMBO_BIN" --mosquitto "$MOSQUITTO" --program "$build/tombo_durable" \
    --driver "$DRIVER"
}

# What the secure ways in cost.  tomboctl and bench_acl are used where they lie in tombo's build.
secure() {
  local options=() build
  build=$(dirname "$TOMBO_BIN")
  [[ -x $build/tomboctl ]] && options+=(--tomboctl "$build/tomboctl")
  [[ -x $build/tests/bench/acl/bench_acl ]] && options+=(--acl-bench "$build/tests/bench/acl/bench_acl")
  "$root/tests/bench/secure/secure.py" --tombo "$TOMBO_BIN" --mosquitto "$MOSQUITTO" --driver "$DRIVER" "${options[@]}" "$@"
}

# Sizes, memory and time of a start.
size() {
  "$root/packaging/package_config.py" "$root/config/tombo.toml" "$work/package.toml"
  "$root/tests/bench/size_and_start.py" --tombo "$TOMBO_BIN" --mosquitto "$MOSQUITTO" --config "$work/package.toml" "$@"
}

# The same loads with tombo-bench, which can start any broker; MQTT 3.1.1, since not all of them know 5.0.
other_brokers() {
  local bench failed brokers=(--broker "tombo=$TOMBO_CMD" --template "tombo_conf=$work/tombo.toml"
    --broker "mosquitto=$MOSQUITTO -c {mosquitto_conf}" --template "mosquitto_conf=$root/tests/bench/mosquitto.conf")
  bench=$(dirname "$TOMBO_BIN")/tombo-bench
  printf '\n## Other brokers\n\n'
  if command -v nats-server >/dev/null; then
    brokers+=(--broker "nats=nats-server -c {nats_conf}" --template "nats_conf=$root/tests/bench/nats.conf")
  else
    printf 'nats-server is not installed here.\n'
  fi
  if command -v rabbitmq-server >/dev/null; then
    brokers+=(--broker "rabbitmq=$root/tests/bench/rabbitmq.sh {dir} {port}")
  else
    printf 'rabbitmq-server is not installed here.\n'
  fi
  "$bench" compare --quiet "${brokers[@]}" --scenario "$root/tests/bench/scenarios/others.toml" --rounds 1 \
    --markdown "$work/others_table.md" >&2 || failed=$?
  cat "$work/others_table.md"
  return "${failed:-0}"
}

first_line() { "$@" 2>&1 | head -n 1 || true; }

describe_machine() {
  # `mosquitto -h` exits with 3 after naming its version.
  cat <<EOF
Measured $(date -u +%Y-%m-%d) with \`tests/bench/run.sh\`; medians over the rounds, fresh brokers for every
number, both in turn under the same load. µs are broker CPU (all threads, user and system) per
delivered message, stored message or cycle. "share" is tombo / mosquitto.

- CPU: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores; memory $(awk '/MemTotal/ {printf "%.1f GiB", $2 / 1048576}' /proc/meminfo)
- Kernel: $(uname -sr); $(. /etc/os-release && echo "$PRETTY_NAME"); $(first_line g++ --version)
- tombo: $(first_line "$TOMBO_BIN" --version), commit $(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)
- mosquitto: $(first_line "$MOSQUITTO" -h)
- Load average at the start: $(cut -d' ' -f1-3 /proc/loadavg) (other work on the machine adds noise)

EOF
}

[[ -x $MOSQUITTO ]] || { echo "run.sh: $MOSQUITTO is missing (apt-get install mosquitto)" >&2; exit 2; }
[[ ${1:-} == --size ]] || build_driver
[[ -n ${TOMBO_BIN:-} ]] || build_tombo
[[ -x ${TOMBO_BIN:-} ]] || { echo "run.sh: no tombo at '${TOMBO_BIN:-}'" >&2; exit 2; }
TOMBO_BIN=$(realpath "$TOMBO_BIN")
tombo_commands
describe_machine >"$work/head.md"

status=0
if [[ ${1:-} == --others ]]; then
  other_brokers
  exit
elif [[ ${1:-} == --durable ]]; then
  durable
  exit
elif [[ ${1:-} == --secure ]]; then
  secure "${@:2}"
  exit
elif [[ ${1:-} == --size ]]; then
  size "${@:2}"
  exit
fi
"$DRIVER" compare --a "$TOMBO_CMD" --a-single "$TOMBO_CMD_SINGLE" --a-name tombo \
  --b "$MOSQUITTO -c {mosquitto_conf}" --b-name mosquitto --relay "$RELAY" \
  --template "tombo_conf=$work/tombo.toml" --template "tombo_single_conf=$work/tombo_single.toml" \
  --targets --markdown "$work/tables.md" "$@" >/dev/null || status=$?
[[ -s $work/tables.md ]] || exit "$status"
# What it costs when half of the traffic crosses between two shards: tombo against itself.
{
  printf '\n## Two shards, half of the traffic crossing, against one\n\n'
  printf 'Placement `hash` spreads sessions over both; the shares below must stay at or under 1.35.\n\n'
} >"$work/crossing_head.md"
"$DRIVER" compare --a "$TOMBO_BIN -c {crossing_conf}" --b "$TOMBO_BIN -c {tombo_single_conf}" \
  --a-name "two shards" --b-name "one shard" --template "crossing_conf=$work/tombo_crossing.toml" \
  --template "tombo_single_conf=$work/tombo_single.toml" --rounds 5 --seconds 1 \
  --only qos0_batched,qos1_batched,qos2_batched --markdown "$work/crossing.md" >/dev/null || status=$?
# What the time is spent on.
{
  printf '\n## Where the time goes\n\n'
  printf 'Samples of perf in the broker (`tests/bench/time_shares.py`), `threads = 1`.\n\n'
  "$root/tests/bench/time_shares.py" --tombo "$TOMBO_BIN" --driver "$DRIVER" \
    qos0_batched qos0_one qos1_batched qos2_batched qos0_16k match100k fanout connect ||
    printf 'Not measured: perf is not here (Debian: linux-perf).\n'
} >"$work/shares.md"
other_brokers >"$work/others.md" || status=$?
durable >"$work/durable.md" || status=$?
secure >"$work/secure.md" || status=$?
size >"$work/size.md" || status=$?
cat "$root/tests/bench/performance_head.md" "$work/head.md" "$work/tables.md" "$work/crossing_head.md" \
  "$work/crossing.md" "$work/shares.md" "$work/others.md" "$work/durable.md" "$work/secure.md" "$work/size.md" >"$output"
exit "$status"
