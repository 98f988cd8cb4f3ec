#!/bin/sh
# Runs, their database, and going on where a run stopped.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

runs()
{
  { test -s "$1" && sqlite3 "$1" 'SELECT count(*) FROM run' 2>/dev/null; } || echo 0
}

# has_runs DATABASE N: a background run may be writing it.
has_runs()
{
  test "$(runs "$1")" -eq "$2"
}

small >a.ini
qosim run -j 1 a.ini
exits 0 'a study'
says err 'Does it arrive?' 'a study: its question'
says err '3 points x 4 replications = 12 runs, 18 000 messages, 1 worker; results in a.db' \
  'a study: what is run'
says err 'next: qosim plot a.db | qosim show a.db losses' 'a study: what comes next'
says out 'delivered %' 'a study: the table is on stdout'
ok 'a study: no progress line without a terminal' sh -c "! grep -q '$(printf '\r')' err"
ok 'a study: 12 runs' has_runs a.db 12
cp out table

qosim run a.ini
exits 0 'the same again'
says err '12 of 12 runs are there already' 'the same again: nothing is run'
same table out 'the same again: the same table'

qosim run --quiet a.ini
exits 0 'quiet'
ok 'quiet: nothing on stderr' test ! -s err
same table out 'quiet: the table all the same'

qosim run -j 2 -o b.db a.ini
exits 0 'two workers'
dump a.db >a.dump
dump b.db >b.dump
same a.dump b.dump 'two workers leave what one leaves'

qosim run -j2 -oattached.db '-D$loss=5%' a.ini
exits 0 'values attached to short options'
ok 'values attached to short options: 4 runs' has_runs attached.db 4

sed 's/^repeat   = 4$/repeat   = 4   # as ever/' a.ini >comment.ini
qosim run -o a.db comment.ini
exits 0 'a comment more'
says err '12 of 12 runs are there already' 'a comment more: still the same experiment'

sed 's/0%, 5%, 20%/0%, 2%, 5%, 20%/' a.ini >more.ini
qosim run -o a.db --repeat 5 more.ini
exits 0 'more values and replications'
says err '12 of 20 runs are there already' 'more values and replications: only the rest is run'
ok 'more values and replications: all are there' has_runs a.db 20
qosim run -o fresh.db --repeat 5 more.ini
cp out table
qosim run -o a.db --repeat 5 more.ini
same table out 'more values and replications: as if run at once'

qosim run -o only.db --only '$loss = 5%' a.ini
exits 0 'one point by a condition'
ok 'one point by a condition: its runs' has_runs only.db 4
qosim run -o only.db --only 1,3 a.ini
ok 'two points by number: theirs too' has_runs only.db 12
dump only.db >only.dump
same b.dump only.dump 'piece by piece is as at once'

qosim run -o d.db -D sensor.count=2 -D 'reading.qos=0, 1' --seed 7 a.ini
exits 0 'overrides'
says err '6 points x 4 replications = 24 runs' 'overrides: a list makes a factor'
ok 'overrides: the seed is another' \
  test "$(sqlite3 d.db 'SELECT min(seed) FROM run')" = 7

# Stopped while it runs, and gone on with: of runs long enough that some are still to come when the
# first was seen.
sed 's/^duration.*/duration = 1h/' a.ini >long.ini
qosim run -j 1 -o whole.db --repeat 60 long.ini
dump whole.db >whole.dump
for signal in INT TERM KILL; do
  rm -f part.db
  "$QOSIM" run -j 2 -o part.db --repeat 60 long.ini >out 2>err </dev/null &
  pid=$!
  tries=0
  while [ "$(runs part.db)" -eq 0 ] && [ $tries -lt 400 ]; do
    tries=$((tries + 1))
    sleep 0.02
  done
  kill -$signal $pid
  wait $pid
  status=$?
  kept=$(runs part.db)
  ok "$signal: some runs are kept" test "$kept" -gt 0
  if [ $signal != KILL ] && [ "$kept" -lt 180 ]; then
    exits 3 "$signal"
    says err "stopped: $kept of 180 runs are in part.db; the same command goes on from there" \
      "$signal: how to go on"
    ok "$signal: no table of a part" test ! -s out
  fi
  qosim run -j 2 -o part.db --repeat 60 long.ini
  exits 0 "going on after $signal"
  dump part.db >part.dump
  same whole.dump part.dump "going on after $signal: as if never stopped"
done
finish
