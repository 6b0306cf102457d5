#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests; stops at the first phase that fails.
# usage: tests/run.sh            unit, simulation, conformance, integration with real clients, tidy: under 10 minutes
#        tests/run.sh --full     also packages, sanitizers, fuzzers, the long simulation and the soak: what CI runs
#        tests/run.sh --only L   only the ctest label L, in the release build
# TOMBO_JOBS: compilers at once (default: one a core).  TOMBO_FUZZ_S (20), TOMBO_SOAK_S (120), TOMBO_SIM_SEEDS (5000).
# The last line says `N passed, N failed`, summed over every ctest run; skipped tests are neither.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

full=false only=""
case "${1:-}" in
  "") ;;
  --full) full=true ;;
  --only) only="${2:?--only needs a label}" ;;
  *) sed -n '2,8s/^# //p' "$0" >&2; exit 2 ;;
esac
jobs="${TOMBO_JOBS:-$(nproc)}"
passed=0 failed=0 started=$SECONDS
mkdir -p build

finish() {
  echo "total time: $((SECONDS - started)) s"
  [[ $1 -eq 0 ]] || echo "FAILED: $2"
  echo "$passed passed, $failed failed"
  exit "$1"
}

# phase NAME COMMAND...: a heading, the command, its time; ends everything when the command fails.
phase() {
  local name="$1" begin=$SECONDS
  shift
  printf '\n==== %s\n' "$name"
  "$@" || finish 1 "$name"
  echo "---- $name: $((SECONDS - begin)) s"
}

# configure_and_build PRESET [TARGET...]
configure_and_build() {
  cmake --preset "$1" >"build/$1-configure.log" 2>&1 || { cat "build/$1-configure.log"; return 1; }
  cmake --build "build/$1" -j "$jobs" ${2:+--target "${@:2}"} >"build/$1-build.log" 2>&1 || { grep -A20 -E 'error|FAILED' "build/$1-build.log" || tail -50 "build/$1-build.log"; return 1; }
  # Every warning is shown with what led to it; only those in our own files end the run: g++ 12's middle end has false
  # alarms inside libstdc++ that come and go with the inlining.
  grep -B8 -A4 -F 'warning:' "build/$1-build.log"
  ! grep -F 'warning:' "build/$1-build.log" | grep -qvE '^/usr/|^lto1: ' || { echo "the build of $1 warns"; return 1; }
  tail -1 "build/$1-build.log"
}

# tell_skipped CTEST_LOG LAST_TEST_LOG: a line for each test, and each case of GoogleTest or unittest, that skipped itself.
tell_skipped() {
  awk '
    function tell(name, why) { print "skipped: " name ": " (why == "" ? "it does not say why" : substr(why, 1, 200)) }
    NR == FNR                            { if (/\*\*\*Skipped/) whole[$4]; next }
    /^[0-9]+\/[0-9]+ Test: /             { test = $3; reading = 0; next }
    reading && /^\[  SKIPPED \] /        { tell(test " " $4, why); reading = 0; next }
    reading                              { why = why (why == "" ? "" : " ") $0; next }
    /:[0-9]+: Skipped$/                  { reading = 1; why = ""; next }
    /^ *[A-Za-z0-9_]+ \(.*\)/            { name = $1 }
    match($0, /(^| )skipped [\047"].*[\047"]$/) { tell(test " " name, substr($0, RSTART + 9 + (RSTART > 1), RLENGTH - 10 - (RSTART > 1))) }
    /^<end of output>$/ && test in whole { tell(test, last) }
    NF                                   { last = $0 }' "$1" "$2"
}

# run_ctest PRESET PARALLEL OPTIONS...: runs and counts; no test at all is a failure too.
run_ctest() {
  local preset="$1" parallel="$2" log code line
  shift 2
  log="build/$preset-ctest.log"
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --timeout 600 -j "$parallel" "$@" 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  line="$(grep -E '% tests passed, [0-9]+ tests failed out of [0-9]+' "$log")" || { echo "ctest ran nothing"; return 1; }
  local bad all skipped
  bad="$(sed -E 's/.*, ([0-9]+) tests failed out of.*/\1/' <<<"$line")"
  all="$(sed -E 's/.*out of ([0-9]+).*/\1/' <<<"$line")"
  skipped="$(grep -cE '\*\*\*Skipped' "$log")"
  passed=$((passed + all - bad - skipped))
  failed=$((failed + bad))
  tell_skipped "$log" "build/$preset/Testing/Temporary/LastTest.log"
  return "$code"
}

install_everything() {
  packaging/install-packages.sh build run test || return 1
  ! $full || packaging/install-packages.sh full package packagetest || return 1
  [[ $only != packages ]] || packaging/install-packages.sh package packagetest || return 1
  ln -sfn packaging/CMakePresets.json CMakePresets.json
  mkdir -p build/npm
  if ! cmp -s tests/integration/package-lock.json build/npm/installed-lock.json; then
    cp tests/integration/package.json tests/integration/package-lock.json build/npm/
    (cd build/npm && npm ci --no-audit --no-fund --loglevel=error) || return 1
    cp tests/integration/package-lock.json build/npm/installed-lock.json
  fi
}

# Each fuzzer for TOMBO_FUZZ_S from its seeds; new finds go to a scratch corpus, a crash stays in build/fuzz/artifacts.
fuzz_one() {
  local target="$1" name corpus seeds=() begin=$SECONDS
  name="$(basename "$target")"
  corpus="build/fuzz/corpus/$name"
  mkdir -p "$corpus" build/fuzz/artifacts
  for folder in "tests/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}" "tests/fuzz/corpus/${name%_fuzz}"; do
    [[ -d $folder ]] && seeds=("$folder") && break
  done
  "$target" -max_total_time="${TOMBO_FUZZ_S:-20}" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/artifacts/ "$corpus" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1 ||
    { echo "$name failed:"; tail -40 "build/fuzz/$name.log"; return 1; }
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") runs in $((SECONDS - begin)) s"
}

fuzz_all() {
  local targets running=0 bad=0 writer
  # The seeds of the decoder are the wire table's packets.
  cmake --build build/asan --target corpus_writer -j "$jobs" >build/corpus-build.log 2>&1 || { cat build/corpus-build.log; return 1; }
  writer="$(find build/asan -name corpus_writer -type f -perm -u+x)"
  mkdir -p build/fuzz/corpus/fuzz_decode
  "$writer" build/fuzz/corpus/fuzz_decode || return 1
  mapfile -t targets < <(find build/asan/tests -type f -perm -u+x \( -name 'fuzz_*' -o -name '*_fuzz' \) | sort)
  [[ ${#targets[@]} -gt 0 ]] || { echo "no fuzz target was built"; return 1; }
  for target in "${targets[@]}"; do
    if ((running == jobs)); then wait -n || bad=1; running=$((running - 1)); fi
    fuzz_one "$target" &
    running=$((running + 1))
  done
  while ((running > 0)); do wait -n || bad=1; running=$((running - 1)); done
  return "$bad"
}

long_simulation() {
  TOMBO_SIM_SEEDS="${TOMBO_SIM_SEEDS:-5000}" run_ctest release 1 -L '^sim$'
}

phase "packages" install_everything
phase "build (release)" configure_and_build release
if [[ -n $only ]]; then
  phase "tests: $only" run_ctest release 1 -L "^$only\$"
  finish 0 ""
fi
phase "tests (release)" run_ctest release "$jobs" -LE '^(integration|bench_integration|soak|bench|packages)$'
phase "integration (release)" run_ctest release "$jobs" -L '^(integration|bench_integration)$'

if $full; then
  export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
  export TSAN_OPTIONS="halt_on_error=0:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp"
  # What the release build has made, installed in a Debian of its own.
  phase "packages (release)" run_ctest release "$jobs" -L '^packages$'
  phase "long simulation (release, ${TOMBO_SIM_SEEDS:-5000} seeds)" long_simulation
  # One tree for the sanitizers and the fuzzers, with clang: it is quicker at both than g++.
  phase "build (asan, ubsan, fuzzers)" configure_and_build asan
  phase "tests (asan, ubsan)" run_ctest asan "$jobs" -LE '^(integration|bench_integration|soak|bench|tidy|packages)$'
  phase "integration (asan, ubsan)" run_ctest asan "$jobs" -L '^integration$'
  # Only what the labels below run: everything else has no second thread.
  phase "build (tsan)" configure_and_build tsan tombo tomboctl unit_broker unit_net unit_control unit_bench_engine \
    unit_bridge paho_c_sync paho_c_async
  phase "tests (tsan)" run_ctest tsan "$jobs" -L '^(broker|net|control|bench_tool|integration)$' -E '^(unit_bench|integration_acl_.*)$'
  phase "fuzzers, ${TOMBO_FUZZ_S:-20} s each" fuzz_all
  phase "soak, ${TOMBO_SOAK_S:-120} s" run_ctest release 1 -L '^soak$'
fi
finish 0 ""
