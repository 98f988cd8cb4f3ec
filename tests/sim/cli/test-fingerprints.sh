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

# Worlds drawn from a seed, as tests/models/world has them: other topologies, faults and policies.
worlds='11 12 13 14 15 16 17 18 19 20'
for world in $worlds; do
  QOSIM_WORLD_TEXT=$world "${builddir:-.}/tests/models/world/test-random-worlds" >"world-$world.ini"
done

# run_all NAME COMMAND...: every experiment by that program; the fingerprints are left in NAME.
run_all()
{
  into=$1
  shift
  "$@" run --quiet -o "$into.db" mix.ini >out 2>err </dev/null
  status=$?
  for world in $worlds; do
    "$@" run --quiet --repeat 2 -o "$into-$world.db" "world-$world.ini" >out 2>err </dev/null ||
      status=$?
  done
  for db in "$into.db" "$into"-*.db; do
    sqlite3 "$db" 'SELECT point, replication, fingerprint, events FROM run ORDER BY 1, 2'
  done >"$into"
}

one_worker()
{
  "$QOSIM" "$@" -j 1
}

run_all one one_worker
exits 0 'one worker'
ok 'one worker: 18 runs and 20 of drawn worlds' test "$(wc -l <one)" -eq 38
ok 'all runs differ' test "$(cut -d'|' -f3 one | sort -u | wc -l)" -eq 38

two_workers()
{
  "$QOSIM" "$@" -j 2
}

run_all two two_workers
same one two 'two workers'

if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then
  run_all fixed setarch -R "$QOSIM"
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
  run_all unoptimised plain/qosim
  same one unoptimised 'without optimisation'
else
  tail -n 20 plain.log | sed 's/^/# /'
  ok 'without optimisation: it builds' false
fi
finish
