#!/bin/bash
# What bash completes for querytap, compared with the manual: tests/completion.sh [FILE]. Prints TAP. The program is that of the build
# folder in which it runs, or the one in PATH.
set -euo pipefail
top=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
# shellcheck source=/dev/null
. "${1:-$top/etc/bash-completion/querytap}"
[ ! -x ./querytap ] || PATH=$PWD:$PATH
n=0
failed=no

# completes WORD ...: what the last word may become, one on a line
completes() {
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _querytap
        printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

# same NAME WANTED GOT
same() {
        n=$((n + 1))
        if [ "$2" = "$3" ]; then
                echo "ok $n - $1"
        else
                echo "not ok $n - $1"
                diff <(echo "$2") <(echo "$3") | sed 's/^/# /' || true
                failed=yes
        fi
}

settings=$(sed -n 's/^\.It Ic \([a-z_0-9.]*\) Ns = *.*/--\1/p' "$top/doc/querytap.1" | tr ._ -- | sort -u)
commands=$(sed -n '/^\.Sh COMMANDS/,/^\.Sh SETTINGS/s/^\.It Ic //p' "$top/doc/querytap.1" | sort)
same 'commands' "$commands" "$(completes querytap '')"
same 'one command' top "$(completes querytap to)"
same 'commands to get help for' "$commands" "$(completes querytap help '')"
same 'the settings are options of proxy' '' "$(comm -23 <(echo "$settings") <(completes querytap proxy --))"
same 'and of config' '' "$(comm -23 <(echo "$settings") <(completes querytap config print --))"
same 'options that begin so' "$(grep '^--log-rot' <<<"$settings")" "$(completes querytap proxy --log-rot)"
same 'options of tail' '--since' "$(completes querytap tail --si)"
same 'subcommands' 'watch' "$(completes querytap heap watc)"
cd "$top/etc"
same 'files behind -c' querytap.cfg "$(completes querytap proxy -c querytap.c)"
same 'files behind options for files' querytap.cfg "$(completes querytap proxy --tls-key querytap.c)"
echo "1..$n"
[ $failed = no ]
