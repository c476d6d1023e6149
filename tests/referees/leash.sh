#!/bin/sh
# Runs a command until it ends or our standard input does: whoever holds the other end of that pipe cannot leave it behind.
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ cat <&3 >/dev/null; kill -KILL "$child" 2>/dev/null; } >/dev/null 2>&1 &
watch=$!
wait "$child"
status=$?
kill "$watch" 2>/dev/null
exit "$status"
