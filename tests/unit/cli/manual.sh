#!/bin/sh
# The manual page has no faults that mandoc knows. Prints TAP.
set -eu
page=${top_srcdir:-.}/doc/querytap.1
echo 1..1
if ! command -v mandoc >/dev/null 2>&1; then
        echo "ok 1 - querytap.1 # SKIP mandoc is not installed"
        exit 0
fi
if found=$(mandoc -Tlint -Wwarning "$page"); then
        echo "ok 1 - querytap.1"
else
        echo "not ok 1 - querytap.1"
        echo "$found" | sed 's/^/# /'
fi
