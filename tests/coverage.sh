#!/bin/sh
# Which test names which numbered statement of the MQTT standards. Fails when a statement is named by
# no test of a side that it binds and docs/MODEL.md does not say why, and when a test names what no
# standard has. With --table, a line for each statement; tests/models/mqtt/statements.txt is the list.
#
# Whose tests are whose: scripts/client, test-client* and the checks of what an experiment asks of
# clients (tests/models/spec) are the client's; the other scripts and test-broker* the server's; the
# rest of tests/models/mqtt, where both ends meet, is both's. What is named elsewhere counts for none.
cd "${srcdir:-$(dirname "$0")/..}" || exit 1
LC_ALL=C
export LC_ALL

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

find tests -type f \( -name '*.[ch]' -o -name '*.txt' \) | sort |
  xargs grep -oE 'MQTT-[0-9]+\.[0-9.]+-[0-9]+' | sed 's/:MQTT-/ /' | sort -u >"$scratch/named"
# A line "- 6.0.0-1, 6.0.0-2: why" of the section excuses the statements before its colon, for one side
# only if that is said: "- 4.1.0-2 (client): why".
awk '/^#/ { inside = /Statements without a test/; next }
  inside && /^- [0-9]/ {
    side = match($0, /\((client|server)\):/) ? substr($0, RSTART + 1, RLENGTH - 3) : "client server"
    sub(/( \([a-z]*\))?:.*/, "")
    sub(/^- /, "")
    n = split($0, id, /, */)
    for (i = 1; i <= n; i++)
      print id[i], side
  }' docs/MODEL.md >"$scratch/excused"

awk -v table="$scratch/table" -v gaps="$scratch/gaps" -v stale="$scratch/stale" \
  -v strangers="$scratch/strangers" -v summary="$scratch/summary" '
  function side_of(file) {
    if (file ~ /^tests\/models\/(mqtt\/(scripts\/client\/|test-client)|spec\/)/)
      return "client"
    if (file ~ /^tests\/models\/mqtt\/(scripts\/|test-broker)/)
      return "server"
    return file ~ /^tests\/models\/mqtt\// ? "client server" : ""
  }
  # Counts what is missing on a side of the statement on this line.
  function look(side) {
    if (tested[id, side])
      return
    bare++
    if (!excused[id, side])
      print $0 " (" side ")" >gaps
  }
  FILENAME ~ /named$/ {
    files[$2] = files[$2] " " $1
    n = split(side_of($1), sides, " ")
    for (i = 1; i <= n; i++)
      tested[$2, sides[i]] = 1
    next
  }
  FILENAME ~ /excused$/ {
    mentioned[$1] = 1
    for (i = 2; i <= NF; i++)
      excused[$1, $i] = 1
    next
  }
  /^#/ { next }
  {
    id = $1
    known[id] = 1
    total++
    bare = 0
    if ($2 != "server")
      look("client")
    if ($2 != "client")
      look("server")
    bare > 0 ? without++ : 0
    if (bare == 0 && id in mentioned)
      print id " is excused, and named by" files[id] >stale
    print $0 " |" (bare > 0 && id in mentioned ? " (excused)" : "") files[id] >table
  }
  END {
    for (id in files)
      if (!(id in known))
        print id " is named by" files[id] >strangers
    for (id in mentioned)
      if (!(id in known))
        print id " is excused in docs/MODEL.md, but no standard has it" >strangers
    printf "%d of %d statements are named by a test of each side that they bind, %d are not\n", \
      total - without, total, without >summary
  }' "$scratch/named" "$scratch/excused" tests/models/mqtt/statements.txt || exit 1

if [ "$1" = --table ]; then
  cat "$scratch/table" "$scratch/summary"
  exit
fi

cases=0
# verdict NAME FILE: passes when FILE, a list of breaches, is empty or was never begun.
verdict()
{
  cases=$((cases + 1))
  if [ -s "$2" ]; then
    echo "not ok $cases - $1"
    sort "$2" | sed 's/^/# /'
  else
    echo "ok $cases - $1"
  fi
}

verdict 'each statement is named by a test of each side that it binds, or excused in docs/MODEL.md' \
  "$scratch/gaps"
verdict 'no statement is both' "$scratch/stale"
verdict 'what tests name is in the list' "$scratch/strangers"
echo "# $(cat "$scratch/summary")"
echo "1..$cases"
