#!/bin/sh
# What tools and terminals make of the profile's texts. Prints TAP.
set -eu
line=$(grep -n 'prof_calloc' "${top_srcdir:-.}/tests/unit/profile/export/example.c" | cut -d: -f1)
dir=$(mktemp -d)
# of a folder with a space in its name pprof makes another
cp tests/unit/profile-example "$dir/"
example=$dir/profile-example
trap 'rm -rf "$dir"' EXIT
cd "$dir"
n=0
# check NAME COMMAND...: the command's success is the test; what it prints is shown if it fails
check() {
        n=$((n + 1))
        name=$1
        shift
        if "$@" >out 2>&1; then
                echo "ok $n - $name"
        else
                echo "not ok $n - $name"
                sed 's/^/# /' out
        fi
}
skip() {
        n=$((n + 1))
        echo "ok $n - $1 # SKIP $2"
}
# lacks REGEX FILE
lacks() {
        ! grep -nE "$1" "$2"
}
# follows LINE REGEX FILE: the line after the one that matches LINE matches REGEX
follows() {
        grep -A1 -E "$1" "$3" | grep -E "$2"
}
fits() {
        [ -s "$1" ] && ! awk 'length > 120' "$1" | grep . && lacks ' $' "$1"
}
pprof() {
        HOME=$dir PPROF_TMPDIR=$dir/pprof go tool pprof "$@"
}
# shows REGEX ARGUMENTS...: pprof's answer matches, and it did not complain
shows() {
        regex=$1
        shift
        pprof "$@" >answer 2>complaints
        cat answer complaints
        grep -qE "$regex" answer && lacks 'rror|failed|malformed|invalid' complaints
}

echo 1..14
check "the heap text is written" sh -c "$example heap >heap"
check "the header has the sums" grep -qxE 'heap profile: 2: 224 \[4: 3408\] @ heap/2' heap
check "a record has its figures and addresses" grep -qE '^2: 224 \[3: 336\] @ 0x[0-9a-f]+ 0x[0-9a-f]+' heap
check "a freed record is there" grep -qE '^0: 0 \[1: 3072\] @ 0x' heap
check "the birth is told, and harmless" grep -qF 'session=7 COM_QUERY "SELECT \"\x1b\xff\x0a"' heap
check "a static function is named, with file and line of the call" \
        grep -qE "^#	0x[0-9a-f]+	hold_statement\\+0x[0-9a-f]+	.*export/example.c:$line\$" heap
check "its caller comes next" follows '	hold_statement' '	serve_session\+0x' heap
check "the maps come last" sh -c "sed -n '/^MAPPED_LIBRARIES:\$/,\$p' heap | grep -q profile-example"

if command -v strip >/dev/null 2>&1; then
        strip -g -o stripped "$example"
        ./stripped heap >stripped.heap
        check "without DWARF functions keep their names" sh -c "
                grep -E '^#	0x[0-9a-f]+	hold_statement\+0x[0-9a-f]+$' stripped.heap"
else
        skip "without DWARF functions keep their names" "strip is not installed"
fi

if command -v go >/dev/null 2>&1 && go tool -n pprof >/dev/null 2>&1; then
        check "go tool pprof finds the program by the maps" \
                shows 'hold_statement' -top -sample_index=alloc_space heap
        check "go tool pprof takes the program too" \
                shows '[^0-9]224B .*hold_statement' -top -sample_index=inuse_space "$example" heap
else
        skip "go tool pprof finds the program by the maps" "go tool pprof is not installed"
        skip "go tool pprof takes the program too" "go tool pprof is not installed"
fi

"$example" stages >stages
check "the stage table fits into 120 columns" fits stages
check "the stage table has its rows" grep -qE '^dissect +4 +3300 +2 +2 +200 +200 +2  CAN.T TELL YET, WARMING$' stages

"$example" json >json
if command -v python3 >/dev/null 2>&1; then
        check "the stage table's JSON is JSON" python3 -c '
import json
table = json.load(open("json"))
row = [s for s in table["stages"] if s["stage"] == "dissect"][0]
assert (row["count_alloc"], row["count_free"], row["sum_number_of_bytes_free"]) == (4, 2, 3100), row
assert row["current_number_of_bytes_used"] == row["high_number_of_bytes_used"] == 200, row
assert {lib: part["count_alloc"] for lib, part in row["libraries"].items() if part["count_alloc"]} == {"own": 4}, row
assert table["places"] == 1, table["places"]
assert table["records"] == 2 and table["live_records"] == 1 and table["sample_bytes"] == 1, table["records"]
assert table["statements"] == 4 and table["rss_bytes"] > 100000, table["statements"]
'
else
        skip "the stage table's JSON is JSON" "python3 is not installed"
fi
