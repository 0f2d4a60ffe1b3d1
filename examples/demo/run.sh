#!/bin/sh
# Installs what the demo lacks, builds what has changed, and runs it.
set -eu
cd "$(dirname "$0")/../.."

fail() {
  echo "galago demo: $1" >&2
  exit 1
}

quietly() { # COMMAND ARGUMENT…, whose output matters only when it fails
  output=$("$@" 2>&1) || {
    echo "$output" >&2
    fail "'$*' failed"
  }
}

case "${1-}" in
  '') ;;
  --sim) exec node examples/demo/start.js "$@" ;;
  -h | --help)
    cat <<'END'
Usage: npm run demo [-- --sim]

Two hosts with an Open vSwitch each and VXLAN between them, six containers in two pods that use the same addresses,
and one controller: who reaches whom, by real pings and over TCP. Ends with 0 when everything was as it should be.

  --sim  the same network simulated: software switches, hosts and databases in one process, with the real controller.
         Needs neither root nor Linux, and installs npm packages only.

Without --sim it needs Linux and root, and installs the Debian packages and npm packages that are missing; they stay,
nothing else does.
END
    exit 0
    ;;
  *) fail "unknown option '$1'; there are '--help' and '--sim'" ;;
esac

[ "$(uname -s)" = Linux ] || fail 'needs Linux: its hosts are network namespaces'
[ "$(id -u)" = 0 ] || fail 'needs root, for network namespaces and Open vSwitch: sudo npm run demo'
node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
  fail "needs Node.js 20.19 or newer, this is $(node --version)"

missing=''
need() { # PACKAGE COMMAND
  command -v "$2" >/dev/null || [ -x "/usr/sbin/$2" ] || [ -x "/sbin/$2" ] || missing="$missing $1"
}
need openvswitch-switch ovs-vswitchd
need iproute2 ip
need iputils-ping ping
need ethtool ethtool

if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || fail "needs what these Debian packages hold:$missing"
  echo "Installing Debian packages, which will stay:$missing"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update
  # shellcheck disable=SC2086 # a list of words
  quietly apt-get install --yes --no-install-recommends $missing
fi

if ! [ -e node_modules/tsx ]; then
  echo 'Installing npm packages into node_modules and building dist; both will stay'
  quietly npm ci
elif ! [ -e dist/cli/main.cjs ] || [ -n "$(find src -newer dist/cli/main.cjs -print -quit)" ]; then
  quietly npm run build
fi

# tsx would keep a cache among the temporary files.
TSX_DISABLE_CACHE=1 exec node --import tsx examples/demo/main.ts
