#!/bin/sh
# One run over all accounts on several machines by GNU parallel and ssh: each machine does a part of them.
# Usage: parallel-ssh.sh HOSTS [ACCOUNT...]
#   HOSTS   a file with one machine a line; the first does part 1, and so on
#
# Every machine has popkeep and the same configuration; Maildirs and state are its own. So the file's order decides who has
# which accounts: add machines only together with their mail.
# The exit status is 0, or the first other one in the order of popkeep(1).
set -u

hosts=${1:?usage: parallel-ssh.sh HOSTS [ACCOUNT...]}
shift
machines=$(sed '/^[[:space:]]*\(#\|$\)/d' "$hosts") || exit 66
parts=$(printf '%s\n' "$machines" | grep -c .)
if [ "$parts" -eq 0 ]; then
    echo "$hosts names no machine" >&2
    exit 64
fi
log=$(mktemp) || exit 73
trap 'rm -f "$log"' EXIT

# Patterns such as '7065*' are for popkeep, not for the shell over there.
accounts=
for account; do
    accounts="$accounts '$(printf '%s' "$account" | sed "s/'/'\\\\''/g")'"
done

# {#} is the number of the line: the part. What a machine prints has its name in front.
printf '%s\n' "$machines" | parallel --will-cite --jobs 0 --tag --line-buffer --joblog "$log" \
    ssh -o BatchMode=yes -o ServerAliveInterval=60 {} "popkeep --shard {#}/$parts fetch$accounts"

# The joblog's seventh column is the exit status; 255 is ssh's own: the machine is away.
for status in 64 70 74 73 65 78 12 77 76 69 75 255 10 11; do
    if awk -v s="$status" 'NR > 1 && $7 == s { found = 1 } END { exit !found }' "$log"; then
        [ "$status" -ne 255 ] || status=75
        exit "$status"
    fi
done
# Anything not listed is a failure, too.
awk 'NR > 1 && ($7 != 0 || $8 != 0) { bad = 1 } END { exit bad }' "$log"
