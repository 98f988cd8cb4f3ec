#!/bin/sh
# What can be read from a database without SQL.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

small >a.ini
qosim run a.ini
cp out table

qosim show a.db
exits 0 'the table'
same table out 'the table is that of the run'

qosim show a.db points
exits 0 'points'
says out '$loss' 'points: their factors'
ok 'points: one line each and a heading' test "$(wc -l <out)" -eq 4

qosim show a.db losses
exits 0 'losses'
says out 'connection-lost' 'losses: their causes'
example=$(grep -Eo '[0-9]+:[0-9]+:[0-9]+' out | head -n 1)
ok 'losses: an example' test -n "$example"

qosim show a.db message "$example"
exits 0 'a message'
says out "of run ${example%:*}" 'a message: which'
says out 'the fingerprint agrees' 'a message: its run made again'
says out 'publish()' 'a message: its beginning'
says out ': lost, connection-lost' 'a message: its fate'

narrow()
{
  test -z "$(awk 'length($0) > 100' "$1")"
}
ok 'a message: at most 100 columns' narrow out
says out '-- PUBLISH ' 'a message: an arrow'
ok 'a message: the rails stand' awk '/^ +[0-9]+\.[0-9]+  [|]/ {
    if (substr($0, 13, 1) != "|" || substr($0, 51, 1) != "|") bad = 1; n++ }
  END { exit bad || n < 2 }' out

cat >calm.ini <<'END'
[experiment]
title = Calm
warmup = 10s
duration = 20s
[link radio]
rtt = 100ms
[broker hub]
tcp = rfc6298
[client sensor]
link = radio
tcp = rfc6298
[client dashboard]
link = radio
tcp = rfc6298
[publish reading]
client = sensor
topic = reading
qos = 1
every = 10s
[subscribe all]
client = dashboard
filter = #
qos = 1
[fault deaf]
what = outage
target = radio
at = 0s
lasts = 7s
direction = down
END
qosim run -q --repeat 1 calm.ini
qosim show calm.db message 1:1:1
exits 0 'a ladder'
cp out whole
sed -n 's/^ *\([0-9.]*  |.*\)/\1/p' out >got
cat >want <<'END'
0.000  | publish()                           |                                     |
0.000  |-- PUBLISH ----------------- 0.050 ->|                                     |
0.050  |  outage x----------------- PUBACK --|                                     |
0.050  |                                     |-- PUBLISH ----------------x outage  |
1.000  |-- PUBLISH (time-out) ------ 1.050 ->|                                     |
1.050  |                                     |-- PUBLISH (time-out) -----x outage  |
1.050  |  outage x------ PUBACK (time-out) --|                                     |
3.000  |-- PUBLISH (time-out) ------ 3.050 ->|                                     |
3.050  |                                     |-- PUBLISH (time-out) ------ 3.100 ->|
3.050  |<- 3.100 ------- PUBACK (time-out) --|                                     |
3.100  |                                     |                 handed over: copy 1 |
3.100  | told success                        |                                     |
3.100  |                                     |<- 3.150 ------------------ PUBACK --|
END
same want got 'a ladder: drawn line by line'
qosim show calm.db message 1
exits 0 'a ladder: of the only run'
same whole out 'a ladder: of the only run, the same'
qosim show calm.db message x
exits 2 'not a number'
qosim show a.db message 1
exits 2 'a number in one of many runs'
says err '1: a message is named by POINT:REPLICATION:ID, as in 14:3:4711' 'a number in one of many runs: said'

qosim run -q --repeat 1 -D experiment.record=trace -o trace.db calm.ini
qosim show trace.db message 1
exits 0 'a ladder: from a run whose segments are recorded'
same whole out 'a ladder: the same whatever is recorded'
sqlite3 trace.db "SELECT printf('%.3f', at_s - published_s),
  CASE WHEN arrives_s IS NOT NULL THEN printf('%.3f', arrives_s - published_s) END,
  link, client, connection, direction, flags, payload, again, lost FROM segments
  JOIN messages ON id = 1 AND at_s >= published_s AND at_s < published_s + 3.11" >got
cat >want <<'END'
0.000|0.050|radio/sensor-1|sensor-1|1|up|PSH ACK|114||
0.050||radio/sensor-1|sensor-1|1|down|PSH ACK|4||outage
0.050||radio/dashboard-1|dashboard-1|1|down|PSH ACK|114||outage
1.000|1.050|radio/sensor-1|sensor-1|1|up|PSH ACK|114|time-out|
1.050||radio/dashboard-1|dashboard-1|1|down|PSH ACK|114|time-out|outage
1.050||radio/sensor-1|sensor-1|1|down|PSH ACK|4|time-out|outage
1.050||radio/sensor-1|sensor-1|1|down|ACK|0||outage
3.000|3.050|radio/sensor-1|sensor-1|1|up|PSH ACK|114|time-out|
3.050|3.100|radio/dashboard-1|dashboard-1|1|down|PSH ACK|114|time-out|
3.050|3.100|radio/sensor-1|sensor-1|1|down|PSH ACK|4|time-out|
3.050|3.100|radio/sensor-1|sensor-1|1|down|ACK|0||
3.100|3.150|radio/dashboard-1|dashboard-1|1|up|PSH ACK|4||
END
same want got 'segments: as they go'

rm a.ini
qosim show a.db losses
exits 0 'the file is gone'
cp out want
mkdir elsewhere
cp a.db elsewhere/b.db
cd elsewhere || exit 1
qosim show b.db message "$example"
exits 0 'the database is moved'
cd ..

qosim show a.db message 1:1
exits 2 'half a place'
says err '1:1: a message is named by POINT:REPLICATION:ID, as in 14:3:4711' 'half a place: how'
qosim show a.db message 9:1:1
exits 2 'a point that is not there'
says err 'a.db has no run 9:1' 'a point that is not there: said'
qosim show a.db message 1:1:99999999
exits 2 'a message that is not there'
says err 'run 1:1 has no message 99999999' 'a message that is not there: said'
qosim show a.db points 7
exits 2 'one word too many'
qosim show a.db looses
exits 2 'a thing that is not shown'
says err 'nearest: losses' 'a thing that is not shown: the nearest is named'
finish
