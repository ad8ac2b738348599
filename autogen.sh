#!/bin/sh
# Makes ./configure from configure.ac. Needs autoconf and automake (script/bootstrap installs them).
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all "$@"
