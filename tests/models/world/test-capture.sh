#!/bin/sh
# A judge of captures that is not ours: tshark reads the packets of random worlds, and its analysis of
# TCP is compared with what the run knows, packet by packet (capture.awk has the rules).
. "${srcdir:-.}/tests/sim/cli/lib.sh"

if ! command -v tshark >/dev/null 2>&1; then
  skip 'captures' 'tshark is not there'
  finish
  exit 0
fi
here=$srcdir/tests/models/world
tab=$(printf '\t')

read_capture()
{
  tshark -r "$1" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
    -o tcp.reassemble_out_of_order:TRUE -T fields \
    -e frame.number -e ip.id -e frame.packet_flags_direction -e ip.src -e tcp.srcport -e ip.dst \
    -e tcp.dstport -e tcp.flags -e tcp.seq_raw -e tcp.ack_raw -e tcp.len -e frame.time_relative \
    -e frame.comment -e tcp.analysis.retransmission -e tcp.analysis.fast_retransmission \
    -e tcp.analysis.spurious_retransmission -e tcp.analysis.out_of_order \
    -e tcp.analysis.lost_segment -e tcp.analysis.ack_lost_segment -e tcp.analysis.duplicate_ack \
    -e tcp.analysis.window_update -e tcp.analysis.keep_alive -e tcp.analysis.keep_alive_ack \
    -e tcp.window_size_value -e mqtt.msgtype -e ip.checksum.status -e tcp.checksum.status \
    -e _ws.col.Info -e mqtt.len -e mqtt.qos 2>>tshark.err |
    awk 'BEGIN { FS = OFS = "\t" } # flags and directions come in hexadecimal
      function number(hex,  i, n) {
        for (i = 3; i <= length(hex); i++)
          n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
        return n + 0
      }
      { $3 = number($3); $8 = number($8); print }' >"$2"
}

# What a host sends has met no router, and leaves its own end of a link: hosts.$side holds interface
# and client of each. What never came to it is left out.
look_from()
{
  filter=$(awk '{ client = $2 ~ /^10\./ ? $2 : $3
                  printf "%s(frame.interface_id == %s && ip.addr == %s)", s, $1, client; s = " || " }' "$2")
  tshark -r "$1" -w "$3.pcapng" 2>>tshark.err \
    -Y "($filter) && !(frame.packet_flags_direction == 1 && frame.comment contains \"lost\")"
  read_capture "$3.pcapng" "$3.tsv"
}

look()
{
  read_capture "$1" all.tsv
  tshark -r "$1" -Y 'frame.packet_flags_direction == 2 && ip.ttl == 64' -T fields \
    -e frame.interface_id -e ip.src -e ip.dst 2>>tshark.err | sort -u >hosts
  awk '$2 ~ /^10\./' hosts >hosts.client
  awk '$2 !~ /^10\./' hosts >hosts.broker
  look_from "$1" hosts.client client
  look_from "$1" hosts.broker broker
}

# What each host sent for the first time, which is all that it wrote: tshark 4.0 loses its place in the
# stream of MQTT behind a repetition that overlaps packets which it has put together.
read_mqtt()
{
  tshark -r "$1" -w first.pcapng 2>>tshark.err -Y \
    'frame.packet_flags_direction == 2 && ip.ttl == 64 && !(frame.comment contains "again")'
  tshark -r first.pcapng -T fields -e frame.number -e ip.src -e tcp.srcport -e ip.dst -e tcp.dstport \
    -e tcp.len -e mqtt.msgtype -e mqtt.len -e _ws.col.Info -e tcp.payload 2>>tshark.err >mqtt.tsv
}

# Every byte that was sent is in a packet of MQTT. The last packet of a connection may be cut, as where a
# socket that took a part of it was closed: it is shorter than its Remaining Length says, and nothing
# comes after DISCONNECT. Where a segment ends after the first byte of a Remaining Length of several,
# tshark 4.0 does not wait for the others, and takes the rest of the connection for malformed: what comes
# after that is left out.
add_up='BEGIN { FS = "\t" }
  function digit(hex, i) { return index("123456789abcdef", substr(hex, i, 1)) }
  function byte(hex, i) { return 16 * digit(hex, 2 * i + 1) + digit(hex, 2 * i + 2) }
  # Of the packet that begins there; where not even its length is there, more than is there.
  function size_of(hex,  i, n, unit) {
    for (unit = i = 1; 2 * i < length(hex); i++) {
      n += byte(hex, i) % 128 * unit
      unit *= 128
      if (byte(hex, i) < 128)
        return 1 + i + n
    }
    return i + 1
  }
  { flow = $2 ":" $3 ">" $4 ":" $5 }
  cut[flow] { next }
  { bytes[flow] += $6; open[flow] = open[flow] $10 }
  $7 != "" {
    n = split($7, types, ","); packets += n
    for (i = 1; i <= n; i++)
      count[types[i]]++
    last[flow] = types[n]
    n = split($8, lengths, ",")
    for (i = 1; i <= n; i++)
      inside[flow] += lengths[i] + (lengths[i] < 128 ? 2 : lengths[i] < 16384 ? 3 : 4)
    open[flow] = substr(open[flow], length(open[flow]) - 2 * (bytes[flow] - inside[flow]) + 1)
  }
  $9 ~ /Malformed|Reserved|error/ {
    rest = bytes[flow] - inside[flow]
    cut[flow] = rest == 2 || rest == 3
    if (!cut[flow]) {
      print "malformed: " substr($0, 1, 200)
      wrongs++
    }
  }
  END {
    for (f in bytes) {
      rest = bytes[f] - inside[f]
      if (rest && !cut[f] && (last[f] == 14 || rest >= size_of(open[f]))) {
        print f ": " bytes[f] " bytes sent, " inside[f] + 0 " in packets of MQTT"
        wrongs++
      }
    }
    printf "%d packets %d publish %d puback %d pubrec %d pubrel %d pubcomp %d wrong\n",
      packets, count[3], count[4], count[5], count[6], count[7], wrongs
  }'

# sum FIELD FILE: the number before that word in the last line.
sum()
{
  tail -n 1 "$2" | awk -v field="$1" '{ for (i = 2; i <= NF; i++) if ($i == field) print $(i - 1) }'
}

# judge NAME: the capture run.pcapng, where nothing may be wrong.
judge()
{
  look run.pcapng
  awk -f "$here/capture.awk" -v strict="${2-0}" all.tsv client.tsv broker.tsv >tcp.out
  read_mqtt run.pcapng
  awk "$add_up" mqtt.tsv >mqtt.out
  cat tcp.out mqtt.out >out
  cat tcp.out >>tcp.all
  cat mqtt.out >>mqtt.all
  ok "$1: tshark and the run agree on TCP" test "$(sum wrong tcp.out)" = 0
  ok "$1: all that was sent is MQTT" test "$(sum wrong mqtt.out)" = 0
}

# compare NAME DB: what came to the links is what the database has.
compare()
{
  sqlite3 -separator "$tab" "$2" "SELECT printf('%d.%09d', (946684800000000000 + at_ns) / 1000000000,
    (946684800000000000 + at_ns) % 1000000000), bytes, payload FROM segment" >recorded
  tshark -r run.pcapng -Y 'frame.packet_flags_direction == 2' -T fields -e frame.time_epoch -e ip.len \
    -e tcp.len 2>>tshark.err >captured
  same captured recorded "$1: the segments that the database has"
}

# total FIELD FILE: over all worlds.
total()
{
  awk -v field="$1" '{ for (i = 2; i <= NF; i++) if ($i == field) n += $(i - 1) } END { print n + 0 }' "$2"
}

world=0
while [ "$world" -lt "${QOSIM_WORLDS:-20}" ]; do
  world=$((world + 1))
  QOSIM_WORLD_TEXT=$world "$builddir/tests/models/world/test-random-worlds" >world.ini
  rm -f world.db
  qosim run -q --pcap run.pcapng --only 1:1 -o world.db -D experiment.record=trace world.ini
  exits 0 "world $world"
  judge "world $world"
  compare "world $world" world.db
done
for what in repetitions fast gaps late duplicate-acks; do
  ok "the worlds have $what" test "$(total $what tcp.all)" -ge 20
done

# Connections that live, so that what was written was sent: the ledger's count of PUBLISH over all hops
# is that of tshark, and each answer has been asked for. Losses are found by three duplicate ACKs.
for qos in 0 1 2; do
  cat >calm.ini <<END
[experiment]
title = Calm
warmup = 0s
duration = 1min
drain = 10min
record = trace
[link radio]
rtt = 150ms
loss = 3%
rate = 2Mbit/s
[link backhaul]
shared = yes
delay = uniform(5ms, 30ms)
[broker hub]
tcp = rfc6298
[client sensor]
count = 3
link = radio > backhaul
tcp = rfc6298
keep_alive = never
inflight = 100
offline_queue = none
[client dashboard]
link = backhaul
protocol = mqtt311
tcp = rfc6298
keep_alive = never
[publish reading]
client = sensor
topic = {client}/reading
qos = $qos
every = 40ms
size = 200B
[publish picture]
client = sensor
topic = {client}/picture
qos = $qos
every = exponential(3s)
size = 4kB
[subscribe all]
client = dashboard
filter = #
qos = 2
END
  rm -f calm.db
  qosim run -q --pcap run.pcapng --only 1:1 -o calm.db -D experiment.repeat=1 calm.ini
  exits 0 "QoS $qos"
  judge "QoS $qos" 1
  sends=$(sqlite3 calm.db 'SELECT sum(sends) FROM (SELECT DISTINCT id, sends FROM message)')
  again=$(sqlite3 calm.db "SELECT CAST(sum(value) AS INTEGER) FROM metric WHERE name = 'tcp-retransmissions'")
  publish=$(sum publish mqtt.out)
  ok "QoS $qos: as many PUBLISH as the ledger counts" test "$publish" = "$sends"
  ok "QoS $qos: as many repetitions as TCP counts" test "$(sum repetitions tcp.out)" = "$again"
  compare "QoS $qos" calm.db
  ok "QoS $qos: losses are recovered" test "$(sum recoveries tcp.out)" -ge 20
  case $qos in
  1) ok 'QoS 1: a PUBACK for each' test "$(sum puback mqtt.out)" = "$publish" ;;
  2) ok 'QoS 2: a PUBREC, PUBREL and PUBCOMP for each' test \
    "$(sum pubrec mqtt.out) $(sum pubrel mqtt.out) $(sum pubcomp mqtt.out)" = \
    "$publish $publish $publish" ;;
  esac
done
finish
