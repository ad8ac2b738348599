#!/bin/sh
# Rejects what would blur the rooms (HACKING.md, "Rooms"): an include or a library that a room may not have, a private header of another
# module, units that use each other in a circle, memory past the profiler, a file or a room that has grown too large. Prints TAP.
set -eu
src=${top_srcdir:-.}/src

# A room and what its files may include besides itself: rooms below it, never above.
rooms='
base:
profile/stats: base
profile/heap: profile/stats base
profile/export: profile/heap profile/stats base
profile/explain: profile/export profile/heap profile/stats base
settings: profile/heap base
mysql/wire: profile/heap base
mysql/sql: mysql/wire profile/heap base
mysql/record: mysql/wire profile/heap base
mysql/gate: mysql/wire profile/heap base
mysql/dissect: mysql/record mysql/sql mysql/wire profile/heap base
capture/read: profile/heap base
capture: mysql/sql mysql/wire profile/heap base
rules: mysql/record mysql/sql mysql/wire profile/heap base
journal/format: capture mysql/record mysql/sql mysql/wire profile/heap base
journal/enrich: mysql/record mysql/sql mysql/wire settings profile/heap base
journal/sink: journal/format rules mysql/record mysql/wire settings profile/heap base
journal: journal/sink journal/enrich journal/format rules mysql/record mysql/wire settings profile/heap base
proxy/net: mysql/gate mysql/wire settings profile/heap base
tap: capture mysql/dissect mysql/gate mysql/record mysql/sql mysql/wire profile/heap base
observe: capture/read tap journal mysql/dissect mysql/record mysql/wire settings profile/heap base
proxy: proxy/net tap journal mysql/gate mysql/record mysql/sql mysql/wire settings profile/heap base
mcp: profile/heap base
admin: mcp proxy proxy/net tap capture journal journal/enrich journal/format rules mysql/record mysql/wire settings profile/export profile/heap base
run: journal/enrich mysql/record mysql/sql mysql/wire profile/heap base
cli: mcp run admin observe capture/read proxy proxy/net journal journal/enrich journal/format journal/sink rules mysql/sql mysql/wire settings profile/explain profile/export profile/heap base
'
# Library headers and the only files that may see them.
libraries='
event2/: proxy/ admin/ cli/ run/supervisor profile/heap/hooks
openssl/: proxy/net/ journal/enrich/redact profile/heap/hooks
libconfig.h: settings/ run/run_config
elfutils/: profile/heap/ profile/export/
zlib.h: mysql/wire/compress profile/export/gzip profile/explain/inflate journal/sink/compress_file capture/read/capture_input
zstd.h: mysql/wire/compress
curl/: cli/fetch
pcre2.h: rules/
jansson.h: mcp/
'
n=0
report() {
        n=$((n + 1))
        if [ -z "$2" ]; then echo "ok $n - $1"; else
                echo "not ok $n - $1"
                echo "$2" | sed 's/^/# /'
        fi
}

while IFS=: read -r room may; do
        [ -n "$room" ] || continue
        allowed=$(echo "$room $may" | sed 's/ *$//; s/  */|/g')
        found=$(grep -nE '^#include "' "$src/$room"/*.[ch] | grep -vE "#include \"($allowed)/[a-z0-9_]+\.h\"|#include \"config.h\"" || true)
        report "src/$room includes only: $may" "$found"
done <<EOF
$rooms
EOF
while IFS=: read -r header may; do
        [ -n "$header" ] || continue
        allowed=$(echo "$may" | sed 's/^ *//; s/  */|/g')
        found=$(grep -rnE "^#include <$header" "$src" | grep -vE "^$src/($allowed)" || true)
        report "<$header> is seen only by: $may" "$found"
done <<EOF
$libraries
EOF

# Passwords may stand in it: whoever shows, writes, filters or keeps records must not know it (mysql/record/record_raw.h).
found=$(grep -rlE --include='*.[ch]' 'record_raw|with_secrets' "$src" |
        grep -vE "^$src/(mysql/record/record_raw\.h|tap/|observe/observer\.c|proxy/(proxy|worker)\.c|journal/journal(_port|_state)?\.[ch]|journal/enrich/enrich\.[ch])" || true)
report "a record with passwords is seen only between the tap and what removes them" "$found"

# A folder that the table does not name would go unchecked.
found=$(find "$src" -mindepth 2 -name '*.[ch]' | sed "s|^$src/||; s|/[^/]*\$||" | sort -u | while read -r room; do
        case "$rooms" in *"
$room:"*) ;; *) echo "$room" ;; esac
done)
report "each folder is in the table of rooms" "$found"

# NAME_state.h is what the files NAME*.c share, and nobody else's.
found=$(grep -rnE '^#include "[a-z_/]+_state\.h"' "$src" |
        sed -nE 's|^('"$src"'/)?(([a-z_/]*/)?[a-z0-9_]+\.[ch]):[0-9]+:#include "([a-z0-9_/]+)_state\.h"|\2 \4|p' |
        while read -r file module; do
                case "$file" in "$module"*) ;; *) echo "$file includes ${module}_state.h" ;; esac
        done)
report "a header NAME_state.h is included only by NAME*" "$found"

# A unit is NAME.c, NAME.h and NAME_state.h. By what it includes, and in a build folder also by what it calls, no unit may come back to
# itself: such units can't be understood or tested apart. tsort reports each circle.
NM=${NM:-nm}
units=$(mktemp)
trap 'rm -f "$units"' EXIT
grep -rE '^#include "' "$src" --include='*.[ch]' | sed -nE "s#^$src/([a-z0-9_/]+)\.[ch]:\#include \"([a-z0-9_/]+)\.h\"#\1 \2#p" >"$units"
if command -v "$NM" >/dev/null && [ -d src ]; then
        find src -name '*.o' -exec "$NM" -A -g {} + 2>/dev/null | sed -nE 's#^src/([a-z0-9_/]+)\.o:[0-9a-f ]* ([A-Z]) ([A-Za-z0-9_]+)$#\1 \2 \3#p' |
                while read -r unit kind name; do [ ! -e "$src/$unit.c" ] || echo "$unit $kind $name"; done |
                awk '$2 == "U" { users[$3] = users[$3] " " $1; next } { owner[$3] = $1 }
                END { for (name in users) if (name in owner) { n = split(users[name], list, " "); for (i = 1; i <= n; i++) print list[i], owner[name] } }' >>"$units"
fi
found=$(sed -E 's/_state( |$)/\1/g' "$units" | sort -u | awk '$1 != $2' | tsort 2>&1 >/dev/null || true)
report "no units use each other in a circle" "$found"

# What is allocated past the stages' heaps would belong to no stage. (open_memstream holds the replies of the admin port.)
heaps='malloc|calloc|realloc|reallocarray|strdup|strndup|posix_memalign|aligned_alloc|asprintf|vasprintf|getline|getdelim|realpath'
found=$(grep -rnE "(^|[^_[:alnum:].>])($heaps)\\(" "$src" | grep -vE "^$src/(profile/heap/prof\\.c|cli/)|:[0-9]+: *(\\*|/\\*)" || true)
report "memory is taken through profile/heap/prof.h, except in the commands" "$found"

# A key or brace beside an escaped quote: JSON put together by hand. The records of the log have fast layouts of their own.
found=$(grep -rnE '\\":|[{[]\\"|\\"[]}]' "$src" --include='*.[ch]' |
        grep -vE "^$src/(journal/format/jsonl[_a-z]*|mysql/record/record|mysql/wire/value|mcp/exchange)\\.c:" || true)
report "JSON is written by base/json_writer.h, except in the log's records, and two errors of mcp" "$found"

found=$(find "$src" -name '*.[ch]' -exec wc -l {} + | awk '$1 > 500 && $2 != "total" { print $2 ": " $1 " lines" }')
report "no file has more than 500 lines" "$found"
found=$(find "$src" -name '*.[ch]' -exec wc -l {} + | awk -v src="$src/" '
        $2 == "total" { next }
        { room = substr($2, length(src) + 1); sub("/?[^/]*$", "", room); lines[room] += $1; all += $1 }
        END { for (room in lines) if (lines[room] * 5 > all) print room ": " lines[room] " of " all " lines" }')
report "no room has more than a fifth of the lines" "$found"
echo "1..$n"
