#!/bin/sh
# The house rules that a machine can hold: who may include whom, no wall clock inside the model,
# and the looks of a source file. The table is that of docs/DESIGN.md.
cd "${srcdir:-$(dirname "$0")/..}" || exit 1
LC_ALL=C
export LC_ALL

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
find sim models tests -name '*.[ch]' -o -name '*.cc' | sort >"$scratch/sources"
grep -v '^tests/' "$scratch/sources" >"$scratch/shipped"
cases=0

# verdict NAME FILE: passes when FILE, a list of breaches, is empty.
verdict()
{
  cases=$((cases + 1))
  if [ -s "$2" ]; then
    echo "not ok $cases - $1"
    sed 's/^/# /' "$2"
  else
    echo "ok $cases - $1"
  fi
}

# may FOLDER LAYER...: what a folder may include of ours, besides itself.
may()
{
  folder=$1
  shift
  printf '%s %s' "$folder" "$folder"
  for layer; do
    printf ' %s' "$layer"
  done
  echo
}

{
  may sim/random
  may sim/engine
  may sim/record sim/random
  may models/mqtt
  may models/tcp
  may models/net sim/engine sim/random
  may models/spec sim/random sim/record models/mqtt models/tcp models/net models/app
  may models/app sim/random sim/record models/mqtt
  may models/world sim/engine sim/random sim/record models/mqtt models/tcp models/net \
    models/spec models/app
  may models/live sim/random sim/record models/mqtt models/world
  may models/profiles
  may sim/study sim/record
  may sim/results sim/record
  may sim/cli sim/random sim/engine sim/record sim/study sim/results models/mqtt models/tcp \
    models/net models/spec models/app models/world models/live models/profiles
} >"$scratch/allowed"

xargs grep -n '^[ ]*#[ ]*include' <"$scratch/sources" >"$scratch/includes"

awk -v allowed="$scratch/allowed" '
  BEGIN {
    while ((getline line < allowed) > 0) {
      n = split(line, word, " ")
      known[word[1]] = 1
      for (i = 2; i <= n; i++)
        may[word[1], word[i]] = 1
    }
  }
  function folder(path) { sub("/[^/]*$", "", path); return path }
  match($0, /"[^"]*"/) {
    target = substr($0, RSTART + 1, RLENGTH - 2)
    from = $0
    sub(/:.*/, "", from)
    if (target == "config.h" || from ~ /^tests\//)
      next
    if (!known[folder(from)])
      print $0 ": " folder(from) " has no row in the table of layers"
    else if (!may[folder(from), folder(target)])
      print $0 ": " folder(from) " may not know " folder(target)
  }' "$scratch/includes" >"$scratch/layers"
verdict 'each layer includes only what it may know' "$scratch/layers"

awk 'match($0, /"[^"]*"/) {
    target = substr($0, RSTART + 1, RLENGTH - 2)
    if (target != "config.h" && target !~ /^(sim|models|tests)\//)
      print
  }' "$scratch/includes" >"$scratch/roots"
verdict 'includes are spelled from the root' "$scratch/roots"

awk '{
    from = $0
    sub(/:.*/, "", from)
    if (from ~ /^tests\//)
      next
    if (/<gsl\// && from !~ /^sim\/random\// && from !~ /^sim\/results\/stats\.[ch]$/)
      print $0 ": GSL is for sim/random and sim/results/stats.c"
    if (/<sqlite3/ && from !~ /^(sim\/results\/store(_[a-z]+)?|models\/live\/file)\.[ch]$/)
      print $0 ": SQLite is for sim/results/store*.[ch] and models/live/file.c"
    if (/<gio/ && from !~ /^(sim\/cli|models\/live|models\/profiles)\//)
      print $0 ": GIO is for sim/cli, models/live and models/profiles"
  }' "$scratch/includes" >"$scratch/libraries"
verdict 'GSL, SQLite and GIO are used where the table allows them' "$scratch/libraries"

# A run is a pure function of scenario and seed: wall time is measured around it, by the runner.
clocks='time|clock|clock_gettime|gettimeofday|timespec_get|rand|rand_r|random|srand|srandom'
clocks="$clocks|drand48|getrandom|getentropy|g_get_monotonic_time|g_get_real_time|g_usleep"
clocks="$clocks|g_date_time_new_now[a-z_]*|g_timer_new|g_random_[a-z_]*|g_rand_[a-z_]*"
grep -Ev '^(sim/cli/|models/live/|sim/study/runner\.c$)' "$scratch/shipped" |
  xargs grep -nE "(^|[^A-Za-z0-9_.>])($clocks)\(" >"$scratch/clocks"
verdict 'no wall clock and no hidden randomness in the model' "$scratch/clocks"

grep '\.h$' "$scratch/sources" | xargs grep -L '^#pragma once$' >"$scratch/guards"
verdict 'headers say #pragma once' "$scratch/guards"

tab=$(printf '\t')
xargs grep -n "$tab" <"$scratch/sources" >"$scratch/tabs"
verdict 'no tabs in C and C++' "$scratch/tabs"

# Bytes that go on a character of UTF-8 take no column.
xargs awk '{
    line = $0
    gsub(/[\200-\277]/, "", line)
    if (length(line) > 100)
      print FILENAME ":" FNR ": " length(line) " columns"
  }' <"$scratch/sources" >"$scratch/long"
verdict 'lines have 100 columns or fewer' "$scratch/long"

# Spelled so that this file does not find itself.
words='TO[D]O|FIX[M]E|XX[X]|HA[C]K|for n[o]w|for the mo[m]ent|not yet impl[e]mented|simpl[i]fied'
find sim models tests plots experiments -type f \( -name '*.[ch]' -o -name '*.cc' \
  -o -name '*.sh' -o -name '*.mk' -o -name '*.sql' -o -name '*.gp' -o -name '*.ini' \) -print | sort |
  xargs grep -nE "(^|[^A-Za-z])($words)([^A-Za-z]|$)" >"$scratch/unfinished"
verdict 'nothing is marked as unfinished' "$scratch/unfinished"

echo "1..$cases"
