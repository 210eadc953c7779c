#!/bin/sh
# Fetch every account, then act on how it went. The numbers are those of popkeep(1).
# Usage: backup.sh [ACCOUNT...]

log() {
    logger -t popkeep-backup -- "$1" 2>/dev/null || printf '%s\n' "$1" >&2
}

popkeep --quiet fetch "$@"
status=$?

case $status in
0)
    # Everything is stored: a good moment to copy the Maildirs elsewhere.
    log "complete"
    ;;
10)
    log "ran, but something is incomplete; the next run goes on"
    ;;
11)
    log "mail is stored, deletions were held back: read the message, then popkeep --confirm-delete"
    ;;
12)
    log "the server's certificate was not accepted; nothing was sent to it: popkeep check"
    ;;
69)
    log "the server refuses, or is the wrong one: popkeep check"
    ;;
75)
    # Network, a busy mailbox, another run, or max_time: worth a word only if it stays.
    log "not everything could be done now; the next run tries again"
    ;;
77)
    log "login refused: has the password changed? popkeep check"
    ;;
65 | 73 | 74)
    log "local trouble (disk full, rights, damaged data): somebody has to look"
    ;;
64 | 78)
    log "wrong usage or configuration: popkeep check"
    ;;
*)
    log "popkeep failed with status $status"
    ;;
esac
exit "$status"
