#!/bin/sh
# The packets of one run in a file: which run, and that the file is whole or not there. What is in it
# is for tests/models/world/test-capture.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

small >a.ini

qosim run --pcap a.pcapng a.ini
exits 2 'more than one run'
says err 'writes the packets of one run, and these are 12' 'more than one run: how many'
says err '--only POINT:REPLICATION' 'more than one run: what to do'
qosim run --pcap a.pcapng --only 2 a.ini
exits 2 'a point of several runs'
says err 'and these are 4' 'a point of several runs: how many'
qosim run --only 2:5 a.ini
exits 2 'a replication that is not there'
says err 'there is no replication 5; the experiment has 1 to 4' 'a replication that is not there: said'
qosim run --only 4:1 a.ini
exits 2 'a point that is not there'
qosim run --only 2:1:1 a.ini
exits 2 'too many numbers'
says err 'POINT:REPLICATION, as in 3:1' 'too many numbers: said'
ok 'nothing was made' test ! -e a.db

qosim run --only 3:2 -o plain.db a.ini
exits 0 'one run without packets'
ok 'one run: one row' test "$(sqlite3 plain.db 'SELECT count(*) FROM run')" = 1
qosim run --pcap a.pcapng --only 3:2 a.ini
exits 0 'one run'
says err 'its packets are in a.pcapng' 'one run: where they are'
ok 'a section of pcapng' test "$(od -An -tx1 -N4 a.pcapng | tr -d ' ')" = 0a0d0d0a
ok 'no half of it' test ! -e a.pcapng.partial
dump plain.db >plain.dump
dump a.db >a.dump
same plain.dump a.dump 'the run is as without'

cp a.pcapng first
qosim run --pcap a.pcapng --only 3:2 a.ini
exits 0 'once more'
same first a.pcapng 'the same packets'
dump a.db >a.dump
same plain.dump a.dump 'the same database'
qosim run --pcap b.pcapng --only 3:3 a.ini
ok 'another run: other packets' sh -c '! cmp -s first b.pcapng'

qosim run --pcap one.pcapng -o one.db --repeat 1 --only 1 a.ini
exits 0 'the only run of a point'
qosim run --pcap missing/a.pcapng --only 3:2 a.ini
exits 3 'a folder that is not there'
says err 'cannot write missing/a.pcapng.partial' 'a folder that is not there: said'
mkdir folder
qosim run --pcap folder --only 3:2 a.ini
exits 3 'a folder has the name'
ok 'a folder has the name: nothing is left' test ! -e folder.partial
( # more than the database needs, less than the packets do
  ulimit -f 1000
  qosim run --pcap c.pcapng --only 3:2 a.ini
  exit $status
)
status=$?
exits 3 'a full disk'
says err 'cannot write c.pcapng' 'a full disk: said'
ok 'a full disk: nothing is left' test ! -e c.pcapng
ok 'a full disk: not even a part' test ! -e c.pcapng.partial

qosim show a.db points
exits 0 'the database is like any other'
finish
