#!/usr/bin/env bash
# Installs the named groups of debian-packages.txt, and nothing if everything is there.
# usage: packaging/install-packages.sh GROUP...      groups: build run test full package packagetest
set -euo pipefail
list="$(dirname "$0")/debian-packages.txt"

wanted=()
for group in "$@"; do
  while read -r of package command _; do
    [[ $of == "$group" ]] || continue
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' && continue
    [[ -n ${command:-} ]] && command -v "$command" >/dev/null && continue
    wanted+=("$package")
  done < <(grep -v '^#' "$list")
done
[[ ${#wanted[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "these packages are missing and need root (no sudo here): ${wanted[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
# A package that starts a service at its installation (mosquitto) must not take port 1883 from the broker under test.
starts_service=false
for package in "${wanted[@]}"; do [[ $package == mosquitto ]] && starts_service=true; done
policy=/usr/sbin/policy-rc.d
if $starts_service && [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
