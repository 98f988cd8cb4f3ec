#!/bin/sh
# Messages a second that this broker and Mosquitto carry on the loopback interface, side by side:
# the same client (bench-peers), payloads of 100 bytes, a window of 100 messages. The best of
# several rounds, taken in turns; and the processor time that a broker needs for a message.
: "${QOSIM:=./qosim}" "${BENCH:=tests/bench/bench-peers}" "${ROUNDS:=3}" "${MESSAGES:=100000}"

mosquitto=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto) || {
  echo "mosquitto is not installed"
  exit 0
}
work=$(mktemp -d) || exit 1
trap 'kill $ours $theirs 2>/dev/null; wait; rm -rf "$work"' EXIT INT TERM

: >"$work/err"
"$QOSIM" broker --port 0 2>>"$work/err" &
ours=$!
tries=0
until port=$(sed -n 's/.* port \([0-9]*\)$/\1/p' "$work/err") && [ -n "$port" ]; do
  tries=$((tries + 1))
  [ $tries -lt 50 ] || exit 1
  sleep 0.1
done
our_port=$port

# Mosquitto takes no port 0: one that was free a moment ago.
their_port=$((our_port + 1))
while :; do
  printf '%s\n' "listener $their_port 127.0.0.1" 'allow_anonymous true' 'log_type none' \
    'set_tcp_nodelay true' 'max_inflight_messages 100' >"$work/conf"
  "$mosquitto" -c "$work/conf" 2>/dev/null &
  theirs=$!
  sleep 0.5
  kill -0 $theirs 2>/dev/null && break
  their_port=$((their_port + 1))
  [ $their_port -lt 65535 ] && [ $their_port -lt $((our_port + 20)) ] || exit 1
done

ticks()
{
  sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# measure PID PORT QOS PAIRS: "messages/s microseconds" of one round
measure()
{
  before=$(ticks "$1")
  rate=$("$BENCH" "$2" "$3" "$4" "$MESSAGES") || exit 1
  after=$(ticks "$1")
  echo "$rate $before $after" |
    awk -v n="$MESSAGES" -v hz="$(getconf CLK_TCK)" '{ printf "%.0f %.2f\n", $1, ($3 - $2) * 1e6 / hz / n }'
}

echo "$("$mosquitto" -h | head -n 1), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
printf '%5s %4s   %22s   %22s   %6s\n' pairs QoS 'qosim broker' mosquitto ratio
printf '%5s %4s   %10s %11s   %10s %11s\n' '' '' messages/s 'us/message' messages/s 'us/message'
for pairs in 1 20; do
  for qos in 0 1 2; do
    : >"$work/ours"
    : >"$work/theirs"
    round=0
    while [ $round -lt "$ROUNDS" ]; do
      measure $ours $our_port $qos $pairs >>"$work/ours"
      measure $theirs $their_port $qos $pairs >>"$work/theirs"
      round=$((round + 1))
    done
    echo "$(sort -rn "$work/ours" | head -n 1) $(sort -rn "$work/theirs" | head -n 1)" |
      awk -v p=$pairs -v q=$qos '{ printf "%5d %4d   %10d %11s   %10d %11s   %6.2f\n", p, q, $1, $2, $3, $4, $1 / $3 }'
  done
done
