#!/bin/sh
# Checks that the maps are true: files and names that comments in src and HACKING.md mention exist, and each external function of src has
# a user. Runs in the build folder. Prints TAP.
set -eu
top=${top_srcdir:-.}
NM=${NM:-nm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What comments may mention although it is not in the tree: files and names of other programs, and of mathematics.
foreign_files='malloc.c prof_data.c'
foreign_names='close_notify enum_field_types enum_server_command f_k option_value posix_spawn time_nanos wait_timeout'

# Findings that are still open. This list may only become shorter.
open='
src/mysql/record/record.h:[0-9]*: journal/sessions.h
'
open=$(echo "$open" | sed '/^$/d' | paste -sd'|')

n=0
report() {
        n=$((n + 1))
        set -- "$1" "$(echo "$2" | grep -vE "$open" || true)"
        if [ -z "$2" ]; then echo "ok $n - $1"; else
                echo "not ok $n - $1"
                echo "$2" | sed 's/^/# /'
        fi
}

(cd "$top" && find src tests script etc doc web configure.ac Makefile.am HACKING.md README.md -type f ! -path 'tests/fuzz/corpus/*' ! -path 'tests/data/*' ! -name '*.o' ! -name '*.pyc') |
        sort >"$work/files"

# Splits C into comments ("file:line: text") and the rest.
split='
FNR == 1 { inside = 0 }
{
        s = $0; comment = ""; code = ""
        while (s != "") {
                if (inside) {
                        end = index(s, "*/")
                        comment = comment " " (end ? substr(s, 1, end - 1) : s)
                        s = end ? substr(s, end + 2) : ""
                        inside = !end
                } else if (match(s, /\/\*|"([^"\\]|\\.)*"|'\''([^'\''\\]|\\.)*'\''/)) {
                        code = code substr(s, 1, RSTART - 1)
                        inside = substr(s, RSTART, RLENGTH) == "/*"
                        if (!inside) code = code substr(s, RSTART, RLENGTH)
                        s = substr(s, RSTART + RLENGTH)
                } else { code = code s; s = "" }
        }
        if (comment != "") print substr(FILENAME, skip) ":" FNR ":" comment >comments
        print code >rest
}'
c_files=$(grep -E '\.[ch]$' "$work/files" | sed "s|^|$top/|")
# shellcheck disable=SC2086 # a list of names without blanks
awk -v skip=$((${#top} + 2)) -v comments="$work/all" -v rest="$work/code" "$split" $c_files
grep '^src/' "$work/all" >"$work/comments" || true
grep -n '' "$top/HACKING.md" | sed 's/^/HACKING.md:/' >"$work/hacking"

# Each file by its name, and with any of its folders before it.
awk -F/ '{ name = ""; for (i = NF; i > 0; i--) { name = name == "" ? $i : $i "/" name; print name } }' "$work/files" | sort -u >"$work/known_files"
found=$(awk -v foreign="$foreign_files" '
        BEGIN { count = split(foreign, list, " "); for (i = 1; i <= count; i++) known[list[i]] = 1 }
        FILENAME == ARGV[1] { known[$0] = 1; next }
        {
                match($0, /^[^:]*:[0-9]+:/); at = substr($0, 1, RLENGTH); s = substr($0, RLENGTH + 1)
                while (match(s, /[A-Za-z0-9_\/.<-]+\.[A-Za-z0-9]+/)) {
                        name = substr(s, RSTART, RLENGTH); s = substr(s, RSTART + RLENGTH)
                        if (name ~ /^[a-z0-9_]+(\/[a-z0-9_]+)*\.(c|h|mk|py|sh|tsv)$/ && !(name in known)) print at " " name
                }
        }' "$work/known_files" "$work/comments" "$work/hacking")
report 'files that comments and HACKING.md mention exist' "$found"

tr -cs 'A-Za-z0-9_' '\n' <"$work/code" | sort -u >"$work/known_names"
names='
        BEGIN { count = split(foreign, list, " "); for (i = 1; i <= count; i++) known[list[i]] = 1 }
        FILENAME == ARGV[1] { known[$0] = 1; next }
        {
                match($0, /^[^:]*:[0-9]+:/); at = substr($0, 1, RLENGTH); s = substr($0, RLENGTH + 1)
                while (match(s, /[A-Za-z0-9_.\/$<-]+(\(\))?/)) {
                        name = substr(s, RSTART, RLENGTH); next_char = substr(s, RSTART + RLENGTH, 1); s = substr(s, RSTART + RLENGTH)
                        call = sub(/\(\)$/, "", name); sub(/\.+$/, "", name)
                        if ((name ~ /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/ || call) && name ~ /^[a-z0-9_]+$/ && next_char != "*" && !(name in known)) print at " " name
                }
        }'
found=$(awk -v foreign="$foreign_names" "$names" "$work/known_names" "$work/comments")
report 'functions and other names that comments mention exist' "$found"

(cd "$top" && grep -v '\.md$' "$work/files" | xargs cat) | tr -cs 'A-Za-z0-9_' '\n' | sort -u >"$work/known_words"
sed -n 's/^\([^:]*:[0-9]*:\)/\1`/p' "$work/hacking" | awk -F'`' '{ s = $1; for (i = 3; i <= NF; i += 2) s = s " " $i; print s }' >"$work/quoted"
found=$(awk -v foreign="$foreign_names" "$names" "$work/known_words" "$work/quoted")
report 'names that HACKING.md quotes exist' "$found"

# Tests count as users. Without CUnit there are none, and without the fast paths what only they call has none.
if grep -q '^FASTPATH_FLAGS = .' Makefile 2>/dev/null || ! find tests/unit -name 'test_*.o' 2>/dev/null | grep -q . || ! command -v "$NM" >/dev/null; then
        n=$((n + 1))
        echo "ok $n - each external function has a user # SKIP needs nm, the unit tests' objects and the fast paths"
else
        find src -name '*.a' -exec "$NM" {} + 2>/dev/null | awk 'NF == 3 && $2 == "T" && $3 !~ /^__/ { print $3 }' | sort -u >"$work/defined"
        { find src -name '*.a' -exec "$NM" {} +; find src/main.o tests -name '*.o' -exec "$NM" {} +; } 2>/dev/null |
                awk '$1 == "U" { print $2 }' | sort -u >"$work/used"
        report 'each external function has a user' "$(comm -23 "$work/defined" "$work/used")"
fi
echo "1..$n"
