#!/bin/sh
# `make install` keeps edited settings, and `make uninstall` leaves them. Prints TAP. Runs in the build folder.
set -eu
top=$(CDPATH='' cd -- "${top_srcdir:-.}" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
cfg=$dir/etc/querytap.cfg
n=0
# check NAME COMMAND...: the command's success is the test
check() {
        n=$((n + 1))
        name=$1
        shift
        if "$@"; then echo "ok $n - $name"; else echo "not ok $n - $name"; fi
}
installs() {
        make -s install-data-local DESTDIR="$dir" sysconfdir=/etc pkgdatadir=/share shipped_settings="$1/etc/querytap.cfg" >"$dir/said" 2>&1
}
uninstalls() {
        make -s uninstall-local DESTDIR="$dir" sysconfdir=/etc pkgdatadir=/share >"$dir/said" 2>&1
}
same() { cmp -s "$1" "$2"; }
gone() { [ ! -e "$1" ]; }
says() { grep -qF "$1" "$dir/said"; }
mode() { [ "$(stat -c %a "$1")" = "$2" ]; }

# the next version of the settings
mkdir -p "$dir/next/etc"
{ cat "$top/etc/querytap.cfg"; echo '# of the next version'; } >"$dir/next/etc/querytap.cfg"

echo 1..18
check "they are installed" installs "$top"
check "as they are shipped" same "$top/etc/querytap.cfg" "$cfg"
chmod 640 "$cfg"
check "unedited ones are replaced" installs "$dir/next"
check "by those of the next version" same "$dir/next/etc/querytap.cfg" "$cfg"
check "and keep their mode" mode "$cfg" 640
check "without a second file" gone "$cfg.new"

echo '# edited' >>"$cfg"
cp "$cfg" "$dir/edited"
check "edited ones are no error" installs "$top"
check "they are kept" same "$dir/edited" "$cfg"
check "the new ones are beside them" same "$top/etc/querytap.cfg" "$cfg.new"
check "and it is said where" says "$cfg.new"
check "the same once more" installs "$top"
check "they are still kept" same "$dir/edited" "$cfg"
check "uninstalled" uninstalls
check "edited ones are left" same "$dir/edited" "$cfg"
check "the others are gone" gone "$cfg.new"

rm "$cfg"
check "installed anew" installs "$top"
check "uninstalled again" uninstalls
check "unedited ones are gone" gone "$cfg"
