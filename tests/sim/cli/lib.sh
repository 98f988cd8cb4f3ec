# What the tests of the program share: TAP, a folder of their own, and the program as a user has it.
# Sourced by the tests, which stand beside it.
: "${QOSIM:?names the program under test}"
LC_ALL=C
TZ=UTC
export LC_ALL TZ
unset NO_COLOR
cases=0

work=$(mktemp -d) || exit 1
trap 'cd / && chmod -R u+w "$work" && rm -rf "$work"' EXIT
cd "$work" || exit 1

# Runs the program; leaves $status and the files out and err.
qosim()
{
  "$QOSIM" "$@" >out 2>err </dev/null
  status=$?
}

# ok NAME COMMAND...: passes if the command does.
ok()
{
  cases=$((cases + 1))
  name=$1
  shift
  if "$@"; then
    echo "ok $cases - $name"
  else
    echo "not ok $cases - $name"
    echo "# failed: $*; exit status of qosim $status, out and err:"
    head -n 30 out err 2>/dev/null | sed 's/^/# /'
  fi
}

skip()
{
  cases=$((cases + 1))
  echo "ok $cases - $1 # SKIP $2"
}

# exits STATUS NAME: what the last call of qosim came to.
exits()
{
  ok "$2: exit status $1" test "$status" -eq "$1"
}

# says FILE TEXT NAME: FILE holds a line with that very text in it.
says()
{
  ok "$3" grep -Fq -e "$2" "$1"
}

# same EXPECTED GOT NAME
same()
{
  ok "$3" cmp "$1" "$2"
}

finish()
{
  echo "1..$cases"
}

# Everything in a database but the seconds it took.
dump()
{
  sqlite3 "$1" "UPDATE run SET wall_s = 0" .dump
}

# A small study: some losses, three points, well under a second.
small()
{
  cat <<'END'
[experiment]
title    = Does it arrive?
warmup   = 10s
duration = 5min
drain    = 2min
repeat   = 4
[sweep]
$loss = 0%, 5%, 20%
[link radio]
rtt  = 100ms
loss = $loss
outage_every = exponential(2min)
outage_lasts = 20s
[broker hub]
[client sensor]
count = 5
link  = radio
keep_alive = 10s
[client dashboard]
[publish reading]
client = sensor
topic  = fleet/{client}/reading
qos    = 0
every  = 1s
[subscribe all]
client = dashboard
filter = fleet/#
[plot arrived]
metric = delivery_ratio
END
}
