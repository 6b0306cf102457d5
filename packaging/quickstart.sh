#!/usr/bin/env bash
# From a fresh Debian 12 to a running broker: installs what the build needs, builds, and starts tombo on port 1883
# with config/tombo.toml, but its store in build/quickstart/store, in the foreground (Ctrl-C stops it).  Run it again at will.
# usage: packaging/quickstart.sh [--build-only]      TOMBO_JOBS: compilers at once (default: one a core)
set -euo pipefail
cd "$(dirname "$0")/.."

build_only=false
case "${1:-}" in
  "") ;;
  --build-only) build_only=true ;;
  *) echo "usage: packaging/quickstart.sh [--build-only]" >&2; exit 2 ;;
esac

echo "== packages"
packaging/install-packages.sh build
echo "== build"
ln -sfn packaging/CMakePresets.json CMakePresets.json
# A tree of its own: switching tests on or off in build/release would make it build everything again.
cmake --preset release -B build/quickstart -DTOMBO_TESTS=OFF -DTOMBO_BENCH=OFF >build-quickstart.log 2>&1 ||
  { cat build-quickstart.log >&2; exit 1; }
rm -f build-quickstart.log
cmake --build build/quickstart --target tombo tomboctl -j "${TOMBO_JOBS:-$(nproc)}"
tombo="$(find build/quickstart -name tombo -type f -perm -u+x | head -1)"
[[ -n $tombo ]] || { echo "the build left no tombo in build/quickstart" >&2; exit 1; }
echo "built $tombo"
$build_only && exit 0

# The same configuration with its store here: /var/lib is not everybody's to write.
sed "s|^directory = .*|directory = \"$PWD/build/quickstart/store\"|" config/tombo.toml >build/quickstart/tombo.toml
echo "== tombo, with config/tombo.toml, its store in build/quickstart/store; another terminal can try:"
echo "   mosquitto_sub -t 'hello/#' -v      and      mosquitto_pub -t hello/world -m hi"
exec "$tombo" -c build/quickstart/tombo.toml
