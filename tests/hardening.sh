#!/bin/sh
# Is the program hardened as configure said? Reads the binary, not the flags. Then: does --disable-hardening leave it all out?
# TAP. HARDENING has the flags that configure chose; they are none with --disable-hardening.
program=./querytap
READELF=${READELF:-readelf}
n=0

# ok NAME COMMAND …
ok() {
        name=$1
        shift
        n=$((n + 1))
        if "$@"; then echo "ok $n - $name"; else echo "not ok $n - $name"; fi
}

skip() {
        n=$((n + 1))
        echo "ok $n - $1 # SKIP $2"
}

# claimed FLAG: configure chose it.
claimed() {
        case " $HARDENING " in
        *" $1 "*) return 0 ;;
        *) return 1 ;;
        esac
}

# has PATTERN OPTION …: readelf tells it of the program.
has() {
        pattern=$1
        shift
        "$READELF" "$@" "$program" 2>/dev/null | grep -q -- "$pattern"
}

is_pie() { has 'Type: *DYN' -h && has 'FLAGS_1.*PIE' -dW; }
binds_now() { has 'FLAGS.*NOW' -dW; }
no_executable_stack() { has 'GNU_STACK' -lW && ! has 'GNU_STACK.*RWE' -lW; }

# one FLAG NAME COMMAND …: to be true if configure chose FLAG.
one() {
        flag=$1 name=$2
        shift 2
        if claimed "$flag"; then ok "$name" "$@"; else skip "$name" "configure did not choose $flag"; fi
}

echo 1..9
if ! "$READELF" --version >/dev/null 2>&1; then
        while [ "$n" -lt 9 ]; do skip "hardening" "there is no readelf"; done
        exit 0
fi
one -pie "the program is position-independent" is_pie
one -Wl,-z,relro,-z,now "relocations are read-only" has GNU_RELRO -lW
one -Wl,-z,relro,-z,now "symbols are bound at the start" binds_now
one -Wl,-z,noexecstack "the stack is not executable" no_executable_stack
one -fstack-protector-strong "functions have stack canaries" has '__stack_chk_fail' -sW
case $HARDENING in
*_FORTIFY_SOURCE=*) ok "functions of the C library are fortified" has '_chk@' -sW ;;
*) skip "functions of the C library are fortified" "configure did not choose it" ;;
esac
# The linker takes the note out of a program when one object lacks it, and the C library's start may.
branches_protected() { "$READELF" -n src/main.o 2>/dev/null | grep -q 'IBT, SHSTK'; }
one -fcf-protection "indirect branches are protected in our objects" branches_protected

# The switch. A build of one file tells whether a flag was left.
here=$(cd "${top_srcdir:?}" && pwd)
plain=$(mktemp -d)
trap 'rm -rf "$plain"' EXIT
if [ -e "$here/config.status" ]; then
        skip "--disable-hardening is obeyed" "the sources are configured in their own folder"
        skip "--disable-hardening leaves nothing in an object" "the same"
elif ! (cd "$plain" && "$here/configure" -q CC="$BUILD_CC" --disable-hardening) >"$plain/log" 2>&1; then
        cat "$plain/log" >&2
        ok "--disable-hardening is obeyed" false
        ok "--disable-hardening leaves nothing in an object" false
else
        flags=$(sed -n 's/^HARDENING_C*L*[DF]*FLAGS = *//p' "$plain/Makefile")
        ok "--disable-hardening is obeyed" test -z "$flags"
        case "$CFLAGS $CPPFLAGS" in
        *protector* | *FORTIFY*) skip "--disable-hardening leaves nothing in an object" "the user's flags ask for it" ;;
        *)
                if ! (cd "$plain" && make src/base/diag.o) >"$plain/log" 2>&1; then
                        cat "$plain/log" >&2
                        ok "--disable-hardening leaves nothing in an object" false
                elif printf 'int main(void) { char a[99]; return __builtin_snprintf(a, 9, "x") + a[0]; }' >"$plain/own.c" &&
                        $BUILD_CC -O2 -c "$plain/own.c" -o "$plain/own.o" &&
                        "$READELF" -sW "$plain/own.o" | grep -q '_chk'; then
                        skip "--disable-hardening leaves nothing in an object" "the compiler does it by itself"
                else
                        program=$plain/src/base/diag.o
                        unhardened() { ! has '_chk' -sW; }
                        ok "--disable-hardening leaves nothing in an object" unhardened
                fi
                ;;
        esac
fi
