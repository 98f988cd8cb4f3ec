#!/bin/sh
# The reference comes from the tables that check the file, and so does that in the documentation.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

qosim keys
exits 0 'keys'
for section in experiment sweep plot link tcp broker client publish subscribe fault; do
  ok "[$section] is there" grep -q "^\[$section" out
done
qosim keys link
exits 0 'keys of a link'
says out '  rate ' 'keys of a link: rate'
ok 'keys of a link: no client' sh -c "! grep -q '^\[client' out"

qosim keys --markdown
exits 0 'keys as tables'
doc=$srcdir/docs/EXPERIMENTS.md
if [ -f "$doc" ]; then
  sed -n '/^<!-- qosim keys --markdown: begin -->$/,/^<!-- qosim keys --markdown: end -->$/p' \
    "$doc" >want
  same want out 'the reference in docs/EXPERIMENTS.md is what qosim keys --markdown prints'
else
  skip 'the reference in docs/EXPERIMENTS.md' 'no documentation beside the tests'
fi

qosim keys metrics
exits 0 'metrics'
for metric in delivery_ratio silent_loss latency_mean latency_p99 arrival_p99 bytes_per_delivered; do
  ok "metric $metric is there" grep -Eq "^  $metric " out
done

qosim profiles
exits 0 'profiles'
for name in perfect ethernet wan wifi catm1 geo linux rfc6298 spec; do
  ok "profile $name is listed" grep -Eq "^  $name( |\$)" out
done
qosim profiles catm1
exits 0 'a profile'
says out '[link catm1]' 'a profile: as it stands in a file'
ok 'a profile: a source behind each number' \
  sh -c "grep ' = ' out | grep -vc '# src:' | grep -qx 0"
finish
