#!/bin/sh
# The manual pages have no faults that mandoc knows. Prints TAP.
set -eu
echo 1..4
n=0
for name in querytap.1 querytap-run.1 querytap-record.5 querytap-filter.7; do
        n=$((n + 1))
        if ! command -v mandoc >/dev/null 2>&1; then
                echo "ok $n - $name # SKIP mandoc is not installed"
        elif found=$(mandoc -Tlint -Wwarning "${top_srcdir:-.}/doc/$name"); then
                echo "ok $n - $name"
        else
                echo "not ok $n - $name"
                echo "$found" | sed 's/^/# /'
        fi
done
