#!/bin/sh
# Rejects an include that goes up the house (HACKING.md, "Rooms"). Prints TAP: one test a room.
set -eu
src=${top_srcdir:-.}/src

# A room and what its files may include besides itself.
rooms='
base:
profile: base
profile/explain: profile base
settings: profile base
mysql: settings profile base
capture: mysql settings profile base
journal: capture mysql settings profile base
proxy: journal capture mysql settings profile base
admin: proxy journal capture mysql settings profile base
cli: admin proxy journal capture mysql settings profile base
'
# Library headers and the only files that may see them.
libraries='
event2/: proxy/ admin/ cli/ profile/hooks
openssl/: proxy/ journal/ profile/hooks
libconfig.h: settings/
elfutils/: profile/
zlib.h: mysql/compress profile/gzip profile/explain/inflate journal/pack
zstd.h: mysql/compress
curl/: cli/fetch
'
n=0
report() {
        n=$((n + 1))
        if [ -z "$2" ]; then echo "ok $n - $1"; else
                echo "not ok $n - $1"
                echo "$2" | sed 's/^/# /'
        fi
}

echo 1..18
while IFS=: read -r room may; do
        [ -n "$room" ] || continue
        allowed=$(echo "$room $may" | sed 's/  */|/g; s/|$//')
        found=$(grep -nE '^#include "' "$src/$room"/*.[ch] 2>/dev/null | grep -vE "#include \"($allowed)/|#include \"config.h\"" || true)
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
# What is allocated past the stages' heaps is nobody's. (The replies of the admin port are open_memstream's.)
heaps='malloc|calloc|realloc|reallocarray|strdup|strndup|posix_memalign|aligned_alloc|asprintf|vasprintf|getline|getdelim|realpath'
found=$(grep -rnE "(^|[^_[:alnum:].>])($heaps)\\(" "$src" | grep -vE "^$src/(profile/prof\\.c|cli/)|:[0-9]+: *(\\*|/\\*)" || true)
report "memory is taken through profile/prof.h, but for the commands" "$found"
