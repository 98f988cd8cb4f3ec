#!/bin/sh
# The broker on a socket, and an experiment's clients against it. All on the loopback interface, on
# ports that the system chose.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

broker=
trap 'kill -9 $broker 2>/dev/null; cd / && rm -rf "$work"' EXIT

# start [OPTION]...: a broker; leaves $broker and $port.
start()
{
  : >listens
  "$QOSIM" broker "$@" 2>listens &
  broker=$!
  tries=0
  until grep -q ' port [0-9]' listens || [ $tries -eq 100 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
  port=$(sed -n 's/.* port \([0-9]*\)$/\1/p' listens)
}

stop()
{
  kill -TERM "$broker"
  wait "$broker"
  status=$?
  broker=
}

cat >small.ini <<'END'
[experiment]
title    = Does it arrive?
warmup   = 300ms
duration = 1s
drain    = 20s
repeat   = 1
record   = messages
[sweep]
reading.qos = 0, 1, 2
[link radio]
rtt = 600ms
loss = 10%
[broker hub]
[client sensor]
count = 5
link  = radio
reconnect = 100ms
[client dashboard]
count = 2
link  = radio
reconnect = 100ms
[publish reading]
client = sensor
topic  = fleet/{client}/reading
size   = 8B
every  = 5ms
[subscribe all]
client = dashboard
filter = fleet/#
qos    = 2
END

start --port 0
ok 'the broker says where it listens' test -n "$port"
qosim live --port "$port" -o live.db small.ini
exits 0 'live'
says err "live with 127.0.0.1 port $port: links, tcp, brokers" 'what has no effect is said'
ok 'three runs are kept' test "$(sqlite3 live.db 'SELECT count(*) FROM run')" -eq 3
qosim show live.db losses
says out 'nothing was lost' 'all arrives'
ok 'it ends when all has arrived, long before the drain is over' \
  test "$(sqlite3 live.db 'SELECT max(wall_s) < 8 FROM run')" -eq 1
qosim live --port "$port" -o live.db small.ini
exits 0 'the same again makes no run'
qosim run -o live.db small.ini
exits 2 'runs in virtual time do not go into the same database'
qosim show live.db message 1:1:1
exits 2 'and none of these can be made again'

# Stopped in the middle: what is finished stays, nothing half written.
"$QOSIM" live --port "$port" -o stopped.db -D experiment.duration=1200ms small.ini >out 2>err &
live=$!
tries=0
until [ "$(sqlite3 -readonly stopped.db 'SELECT count(*) FROM run' 2>/dev/null || echo 0)" -ge 1 ] ||
  [ $tries -eq 600 ]; do
  sleep 0.05
  tries=$((tries + 1))
done
kill -INT $live
wait $live
says err 'the same command goes on from there' 'Ctrl-C says how to go on'
runs=$(sqlite3 stopped.db 'SELECT count(*) FROM run')
ok 'finished runs are kept' test "$runs" -ge 1
ok 'and only those' test "$runs" -lt 3

qosim broker --port "$port"
exits 3 'a port that is taken'
says err "cannot listen on 127.0.0.1 port $port" 'is named'
stop
exits 0 'SIGTERM ends the broker'
qosim live --port "$port" -o none.db small.ini
exits 3 'live without a broker'
says err "no broker at 127.0.0.1 port $port" 'says so'
ok 'and makes no database' test ! -e none.db
qosim broker --port 99999
exits 2 'a port that is none'
qosim broker -D queu=5
exits 2 'a key that is none'
says err 'queue' 'the near one is named'

# Without a file there is no store that an acknowledgement could wait for.
start --port 0 -D 'store=every-change(1ms)'
qosim live --port "$port" -o file.db -D reading.qos=1 -D experiment.duration=200ms small.ini
qosim show file.db losses
says out 'nothing was lost' 'a store without a file holds nothing up'
stop
printf 'no database\n' >text
qosim broker --port 0 --store text
exits 2 'a store that is another kind of file'
says err 'text: no store of a qosim broker: it is no SQLite database' 'is named with what it is'

# A broker that is killed again and again, with a store: what it has acknowledged it delivers, QoS 2
# once.
start --port 0 --store store.db
qosim broker --port 0 --store store.db
exits 3 'a store that another broker has'
(
  "$QOSIM" live --port "$port" -o killed.db -D experiment.duration=2500ms \
    -D sensor.clean_start=first -D sensor.session_expiry=1h \
    -D dashboard.clean_start=first -D dashboard.session_expiry=1h \
    -D reading.qos=1,2 -D experiment.drain=60s small.ini >live.out 2>live.err
  echo $? >live.status
) &
live=$!
kills=0
while kill -0 $live 2>/dev/null; do
  sleep 0."$((3 + kills % 7))"
  kill -9 "$broker"
  wait "$broker" 2>/dev/null
  kills=$((kills + 1))
  start --port "$port" --store store.db
done
wait $live
mv live.out out
mv live.err err
status=$(cat live.status)
exits 0 "live with a broker that is killed $kills times"
ok 'it was killed often enough' test "$kills" -gt 5
qosim show killed.db losses
says out 'nothing was lost' 'all that was published arrives'
ok 'no message of QoS 2 came twice' test "$(sqlite3 killed.db \
  'SELECT count(*) FROM message WHERE qos = 2 AND copies > 1')" -eq 0
stop
exits 0 'and it ends in order'
finish
