#!/bin/sh
# One seed, one run: whatever the optimisation, the layout of the address space and the number of
# workers. The experiment has all that could leak into a result: loss, outages, crashes, stores,
# random processing times, several groups.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

cat >mix.ini <<'END'
[experiment]
title    = Does the same seed give the same run?
warmup   = 30s
duration = 3min
drain    = 2min
repeat   = 3
[sweep]
reading.qos   = 0, 1, 2
sensor.store  = none, every-change(exponential(5ms))
[link radio]
profile = catm1
loss    = gilbert(mean=3%, burst=400ms)
outage_every = exponential(1min)
outage_lasts = lognormal(median=4s, p95=30s)
[link backhaul]
shared = yes
rate   = 200kbit/s
delay  = gamma(mean=20ms, sd=5ms)
[broker hub]
process = exponential(2ms)
queue   = 50
[client sensor]
count       = 12
link        = radio > backhaul
keep_alive  = 10s
clean_start = no
session_expiry = 1h
ack_timeout = 5 * rtt
on_ack_timeout = reconnect
reconnect   = backoff(1s, max=30s, jitter=50%)
[client dashboard]
count       = 2
clean_start = no
session_expiry = 1h
[publish reading]
client = sensor
topic  = fleet/{client}/reading
every  = weibull(median=1s, p95=4s)
[publish command]
client = dashboard
topic  = command/{any sensor}
qos    = 1
every  = 2s
[subscribe all]
client  = dashboard
filter  = fleet/#
process = exponential(20ms)
[subscribe commands]
client = sensor
filter = command/{client}
[fault reboot]
what   = crash
target = each sensor
every  = exponential(2min)
lasts  = 3s
[fault restart]
what   = crash
target = hub
at     = uniform(1min, 2min)
lasts  = 5s
END

fingerprints()
{
  sqlite3 "$1" 'SELECT point, replication, fingerprint, events FROM run ORDER BY 1, 2'
}

qosim run --quiet -j 1 -o one.db mix.ini
exits 0 'one worker'
fingerprints one.db >one
ok 'one worker: 18 runs' test "$(wc -l <one)" -eq 18
ok 'all runs differ' test "$(cut -d'|' -f3 one | sort -u | wc -l)" -eq 18

qosim run --quiet -j 2 -o two.db mix.ini
fingerprints two.db >two
same one two 'two workers'

if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then
  setarch -R "$QOSIM" run --quiet -o fixed.db mix.ini >out 2>err </dev/null
  fingerprints fixed.db >fixed
  same one fixed 'without address-space randomisation'
else
  skip 'without address-space randomisation' 'setarch is not there'
fi

mkdir plain
unset MAKEFLAGS MFLAGS # a make around this one may hand its variables down
if [ -f "$srcdir/config.status" ] || ! [ -x "$srcdir/configure" ]; then
  skip 'without optimisation' 'the sources were configured in place'
elif (cd plain && "$srcdir/configure" -q --disable-lto CFLAGS=-O0 && make -s -j2 qosim) \
    >plain.log 2>&1; then
  plain/qosim run --quiet -o plain.db mix.ini >out 2>err </dev/null
  fingerprints plain.db >plain.txt
  same one plain.txt 'without optimisation'
else
  tail -n 20 plain.log | sed 's/^/# /'
  ok 'without optimisation: it builds' false
fi
finish
