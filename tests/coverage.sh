#!/bin/sh
# Which test names which numbered statement of the MQTT standards. Fails when a statement is named by
# no test and docs/MODEL.md does not say why, and when a test names what no standard has.
# With --table, a line for each statement; tests/models/mqtt/statements.txt is the list.
cd "${srcdir:-$(dirname "$0")/..}" || exit 1
LC_ALL=C
export LC_ALL

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

find tests -type f \( -name '*.[ch]' -o -name '*.txt' \) | sort |
  xargs grep -oE 'MQTT-[0-9]+\.[0-9.]+-[0-9]+' | sed 's/:MQTT-/ /' | sort -u >"$scratch/named"
# A line "- 6.0.0-1, 6.0.0-2: why" of the section excuses the statements before its colon.
awk '/^#/ { inside = /Statements without a test/; next }
  /still to be written:$/ { verdict = "open" }
  inside && /^- [0-9]/ {
    sub(/:.*/, "")
    sub(/^- /, "")
    n = split($0, id, /, */)
    for (i = 1; i <= n; i++)
      print id[i], (verdict ? verdict : "excused")
  }' docs/MODEL.md >"$scratch/excused"

awk -v table="$scratch/table" -v gaps="$scratch/gaps" -v stale="$scratch/stale" \
  -v strangers="$scratch/strangers" -v summary="$scratch/summary" '
  FILENAME ~ /named$/ { files[$2] = files[$2] " " $1; next }
  FILENAME ~ /excused$/ { excused[$1] = $2; next }
  /^#/ { next }
  {
    id = $1
    known[id] = 1
    total++
    if (id in files)
      tested++
    else if (id in excused)
      without[excused[id]]++
    else
      print $0 >gaps
    if (id in files && id in excused)
      print id " is excused, and named by" files[id] >stale
    print $0 " |" (id in files ? files[id] : id in excused ? " " excused[id] : " -") >table
  }
  END {
    for (id in files)
      if (!(id in known))
        print id " is named by" files[id] >strangers
    for (id in excused)
      if (!(id in known))
        print id " is excused in docs/MODEL.md, but no standard has it" >strangers
    printf "%d of %d statements are named by a test, %d are excused, %d wait for one\n", \
      tested, total, without["excused"], without["open"] >summary
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

verdict 'each statement is named by a test or excused in docs/MODEL.md' "$scratch/gaps"
verdict 'no statement is both' "$scratch/stale"
verdict 'what tests name is in the list' "$scratch/strangers"
echo "# $(cat "$scratch/summary")"
echo "1..$cases"
