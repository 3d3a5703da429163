#!/bin/sh
# Installs the Debian packages named as arguments that are missing: as root by itself, else it says
# the exact command. Machines without apt-get are told what to look for.
set -eu

missing=""
for package in "$@"; do
    case $package in
        bubblewrap) command -v bwrap >/dev/null || missing="$missing $package" ;;
        docker.io) PATH="$PATH:/usr/sbin" command -v dockerd >/dev/null || missing="$missing $package" ;;
        postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing $package" ;;
        *) command -v "$package" >/dev/null || missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "truewheel's sandboxes need programs that are missing:$missing" >&2
    echo "on Debian and Ubuntu run this, then make again:" >&2
    echo "    sudo apt-get update && sudo apt-get install --yes$missing" >&2
    # bubblewrap alone is a whole sandbox; the tests of the other one will say what they lack.
    command -v bwrap >/dev/null || exit 1
    exit 0
fi
echo "installing$missing"
log=$(mktemp)
# The tests make a database server of their own: Debian's is neither made nor started.
no_cluster=/etc/postgresql-common/createcluster.d/truewheel.conf
trap 'rm -f "$log" "$no_cluster"' EXIT
case $missing in
    *postgresql*)
        mkdir -p "${no_cluster%/*}"
        echo "create_main_cluster = off" >"$no_cluster"
        ;;
esac
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - the list is meant to be split
if ! { apt-get update && apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
fi
