#!/bin/sh
# What is not the experiment's fault: databases of others, locks, disks, missing programs.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

small >a.ini
qosim run a.ini
exits 0 'a study'
cp a.db kept.db

sed 's/size.*//; s/every  = 1s/every  = 2s/' a.ini >other.ini
qosim run -o a.db other.ini
exits 2 'the database of another experiment'
says err 'a.db' 'the database of another experiment: named'
same kept.db a.db 'the database of another experiment: untouched'

echo 'my thesis, chapter 1' >thesis.db
cp thesis.db thesis.kept
qosim run -o thesis.db a.ini
exits 2 'a file that is no database'
same thesis.kept thesis.db 'a file that is no database: untouched'

qosim run -o nowhere/a.db a.ini
exits 3 'a folder that is not there'
says err 'nowhere/a.db' 'a folder that is not there: named'
mkdir folder.db
qosim run -o folder.db a.ini
exits 3 'a folder where a database is due'

if [ "$(id -u)" -ne 0 ]; then
  mkdir closed
  chmod a-w closed
  qosim run -o closed/a.db a.ini
  exits 3 'a folder without permission to write'
else
  skip 'a folder without permission to write' 'root may write everywhere'
fi

# While one program runs the experiment a second cannot, and the first does not mind.
"$QOSIM" run -j 1 -o busy.db --repeat 4000 a.ini >first.out 2>first.err </dev/null &
first=$!
tries=0
while [ ! -s busy.db ] && [ $tries -lt 200 ]; do
  tries=$((tries + 1))
  sleep 0.02
done
qosim run -o busy.db --repeat 4000 a.ini
exits 3 'a database that another run is writing'
says err 'busy.db: another qosim run is writing it' 'a database that another run is writing: said'
kill -TERM $first
wait $first
ok 'a database that another run is writing: that run goes on undisturbed' \
  grep -q '^stopped: ' first.err

# A disk with too little room: limits on file sizes are in blocks of 512 bytes.
(
  ulimit -f 300
  "$QOSIM" run -o full.db --repeat 400 a.ini >out 2>err </dev/null
)
status=$?
exits 3 'no room left'
says err 'full.db' 'no room left: the database is named'
says err 'the same command goes on from there' 'no room left: how to go on'
ok 'no room left: what is there is sound' \
  test "$(sqlite3 full.db 'PRAGMA integrity_check' | head -n 1)" = ok
qosim run -o full.db --repeat 60 a.ini
exits 0 'with room again'
qosim run -o roomy.db --repeat 60 a.ini
tail -n 3 out >want
qosim run -o full.db --repeat 60 --quiet a.ini
tail -n 3 out >got
same want got 'with room again: the same table'

if [ -c /dev/full ]; then
  "$QOSIM" show a.db >/dev/full 2>err </dev/null
  status=$?
  exits 3 'output that cannot be written'
  says err 'cannot write the output' 'output that cannot be written: said'
else
  skip 'output that cannot be written' 'no /dev/full here'
fi

# gnuplot absent, and failing.
mkdir -p empty broken
PATH="$work/empty" "$QOSIM" plot a.db -d pictures >out 2>err </dev/null
status=$?
exits 3 'no gnuplot'
says err 'gnuplot' 'no gnuplot: it is named'
printf '#!/bin/sh\necho "line 1: undefined variable: x" >&2\nexit 1\n' >broken/gnuplot
chmod +x broken/gnuplot
PATH="$work/broken:$PATH" "$QOSIM" plot a.db -d pictures >out 2>err </dev/null
status=$?
exits 3 'gnuplot fails'
says err 'undefined variable: x' 'gnuplot fails: in its own words'
ok 'gnuplot fails: no picture' test -z "$(find pictures -name '*.svg' 2>/dev/null)"

if command -v gnuplot >/dev/null; then
  qosim plot a.db -d pictures
  exits 0 'plots'
  echo pictures/arrived.svg >want
  same want out 'plots: where the picture is'
  ok 'plots: a picture' test -s pictures/arrived.svg
  qosim plot a.db -d pictures -t png arrived
  exits 0 'plots as png'
  ok 'plots as png: a picture' test -s pictures/arrived.png
  echo 'in the way' >file
  qosim plot a.db -d file
  exits 3 'a file where a folder is due'
else
  skip 'plots' 'gnuplot is not installed'
fi
qosim plot a.db -d pictures arived
exits 2 'an unknown plot'
says err 'there is no plot arived; nearest: arrived' 'an unknown plot: the nearest is named'
qosim plot a.db -t gif
exits 2 'an unknown kind of picture'
says err '-t gif: svg or png' 'an unknown kind of picture: those known are named'
finish
