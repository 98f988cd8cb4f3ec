#!/bin/sh
# A bad file: every mistake at its line, in the user's words; nothing is run, nothing is touched.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

cat >my.ini <<'END'
[experiment]
title    = Nine mistakes

duration = 3600
[broker hub]

[sweep]
$loss                = 1%, 2%
sensor.ack_timeot    = 1s, 3s
$los                 = 1%, 2%

[link radio]
rtt  = 300ms
down_loss = $loss
loss = 120%


[link radio]
rtt  = 20ms

[client sensor]
count      = 50
link       = rado


keep_alive = 1d
[client dashboard]

[publish temp]
client = sensor
size   = 4B
qos    = 1
[subscribe all]
client = dashboard

; every second
END
echo 'not to be touched' >my.db
cp my.db my.kept
qosim run my.ini
exits 2 'nine mistakes'
cat >want <<'END'
my.ini:4: [experiment] duration = 3600: a time needs a unit, as in 3600s or 1h (ns us ms s min h d y)
my.ini:9: [sweep] sensor.ack_timeot: [client sensor] has no key ack_timeot; nearest: ack_timeout
my.ini:10: [sweep] $los: swept but used nowhere; nearest: $loss, used in line 14
my.ini:15: [link radio] loss = 120%: out of range; allowed: 0% to 100%, or gilbert()
my.ini:18: [link radio]: line 12 has a [link radio] already
my.ini:23: [client sensor] link = rado: no section [link rado] and no link profile rado; nearest: radio (line 12)
my.ini:26: [client sensor] keep_alive = 1d: out of range; allowed: 1s to 65535s, or never; two bytes on the wire
my.ini:31: [publish temp] size = 4B: at least 8B; the first 8 bytes of a payload carry the message's number
my.ini:36: "; every second": not a section, a key or a comment; comments begin with #
9 errors; nothing was run and my.db was not touched
END
same want err 'nine mistakes: each is said'
ok 'nine mistakes: nothing on stdout' test ! -s out
same my.kept my.db 'nine mistakes: the database is untouched'
qosim run -o elsewhere.db my.ini
says err 'nothing was run and elsewhere.db was not touched' 'another database is named'
ok 'another database is not made' test ! -e elsewhere.db
qosim check my.ini
exits 2 'check of nine mistakes'
sed 's/ and my.db was not touched//' want >want.check
same want.check err 'check says the same'

# bad NAME LINE TEXT <FILE: one mistake, and what is said about it.
bad()
{
  cat >one.ini
  qosim run one.ini
  exits 2 "$1"
  says err "one.ini:$2" "$1: where"
  says err "$3" "$1: what"
  ok "$1: no database" test ! -e one.db
}

# edited NAME LINE TEXT SED-SCRIPT: one mistake in a file that is right otherwise.
edited()
{
  small | sed "$4" >edited.ini
  bad "$1" "$2" "$3" <edited.ini
}

edited 'unknown key' 10 'nearest: rtt' 's/^rtt  = .*/rt = 100ms/'
edited 'unknown section' 9 'nearest: link' 's/^\[link radio\]/[lnik radio]/'
edited 'no unit' 3 'a time needs a unit' 's/^warmup .*/warmup = 10/'
edited 'unknown unit' 3 'warmup = 10 parsec' 's/^warmup .*/warmup = 10 parsec/'
edited 'negative' 16 'count = -5' 's/^count = .*/count = -5/'
edited 'zero' 16 'count = 0' 's/^count = .*/count = 0/'
edited 'huge' 16 'count = 99999999999999999999' 's/^count = .*/count = 99999999999999999999/'
edited 'not a number' 16 'count = NaN' 's/^count = .*/count = NaN/'
edited 'a word out of place' 16 'count = many' 's/^count = .*/count = many/'
edited 'two of a key' 17 'count' 's/^link  = radio/count = 6/'
edited 'unknown distribution' 24 'pareto' 's/^every .*/every = paretto(min=1s, shape=2, max=9s)/'
edited 'empty sweep' 8 '$loss' 's/^$loss = .*/$loss =/'
edited 'empty section' 7 '[sweep]: is empty' '/^$loss = /d; s/^loss = .*/loss = 1%/'
edited 'not a number, with a unit' 11 'NaN% is not a ratio; allowed: 0% to 100%' 's/^loss = .*/loss = NaN%/'
edited 'no such link' 17 'no section [link satellite] and no link profile satellite' \
  's/^link  = radio/link = satellite/'
edited 'payload too small' 23 'size = 7B' 's/^qos    = 0/size = 7B/'
edited 'a topic that is none' 22 'wildcards' 's/^topic .*/topic = a\/#\/b/'
edited 'unknown metric' 29 'delivery_ratoi' 's/^metric .*/metric = delivery_ratoi/'

small >good.ini
for override in 'sensor.cuont=5' 'sensor.count=five' 'sensor.count' '$los=1%' '=' 'radio.loss=200%'; do
  qosim run -D "$override" good.ini
  exits 2 "override $override"
  says err "$override" "override $override: named"
done
ok 'overrides: no database' test ! -e good.db

qosim run missing.ini
exits 2 'a file that is not there'
says err 'missing.ini' 'a file that is not there: named'
mkdir folder.ini
qosim run folder.ini
exits 2 'a folder'
: >empty.ini
qosim run empty.ini
exits 2 'an empty file'
printf 'PK\003\004\000\000\377\376[experiment]\n\001' >noise.ini
qosim run noise.ini
exits 2 'no text'
if [ "$(id -u)" -ne 0 ]; then
  small >secret.ini
  chmod a-r secret.ini
  qosim run secret.ini
  exits 2 'a file without permission to read'
else
  skip 'a file without permission to read' 'root may read everything'
fi
ok 'no database at all' test -z "$(find . -name '*.db' ! -name my.db)"
finish
