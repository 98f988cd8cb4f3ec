#!/bin/sh
# Instructions per delivered message of bench-fleet by folder: `make profile`, or
#     tests/bench/profile.sh PROGRAM [CLIENTS [FUNCTIONS]]
# with so many of the dearest functions below. Two lengths are run, so that the start falls out.
program=$1 clients=${2:-1000} functions=${3:-0}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

for seconds in 5 10; do
  valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$program" "$clients" $seconds \
    >"$scratch/talk" 2>&1 || { cat "$scratch/talk" >&2; exit 1; }
  awk '/ messages in / { print "messages", $1 }' "$scratch/talk"
  callgrind_annotate --threshold=100 --auto=no "$scratch/out"
done >"$scratch/both"

# A line of callgrind_annotate: "1,234 ( 5.6%)  ../models/tcp/send.c:conn_flush [/path/to/program]".
awk -v functions="$functions" '
  $1 == "messages" { sign = sign == 0 ? -1 : 1; messages += sign * $2 }
  match($0, /^ *[0-9,]+ \( *[0-9.>]+%\)  [^ ]+/) {
    rest = substr($0, RSTART, RLENGTH)
    n = rest; sub(/ \(.*/, "", n); gsub(/[ ,]/, "", n)
    where = rest; sub(/.*%\)  /, "", where)
    if (where == "PROGRAM") next
    folder = "libraries"
    if (match(where, /(models|sim|tests)\/[a-z]+\//)) folder = substr(where, RSTART, RLENGTH - 1)
    else if (where ~ /:(_int_|__libc_)?(malloc|calloc|realloc|free)|g_(malloc|free|slice|realloc)/) folder = "malloc and free"
    sub(/.*\//, "", where)
    folders[folder] += sign * n; names[where] += sign * n; all += sign * n
  }
  END {
    for (f in folders) if (folders[f] / messages >= 0.5) printf "%8.0f %s\n", folders[f] / messages, f | "sort -rn"
    close("sort -rn")
    printf "%8.0f all\n", all / messages
    if (functions + 0 > 0) {
      print ""
      sort = "sort -rn | head -n " functions
      for (f in names) printf "%8.0f %s\n", names[f] / messages, f | sort
      close(sort)
    }
  }' "$scratch/both"
