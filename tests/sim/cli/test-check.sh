#!/bin/sh
# What qosim check says before anything runs.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

small >a.ini
qosim check a.ini
exits 0 'check'
says out 'Does it arrive?' 'check: the question'
ok 'check: who talks over what to whom' \
  grep -Eq '^ +5 sensor +> +radio +> +hub +publish reading: QoS 0' out
says out 'subscribe all: QoS 2 to fleet/#' 'check: who listens'
ok 'check: what is swept' grep -Eq '^  \$loss +0%, 5%, 20%' out
says out '3 points x 4 replications = 12 runs, 1 500 messages each, 18 000 in all' 'check: how much'
says out 'no errors; ' 'check: errors and notes are counted'
ok 'check: no database' test ! -e a.db

qosim check --points a.ini
exits 0 'points'
ok 'points: one line each' test "$(wc -l <out)" -eq 3
says out '$loss = 20 %' 'points: their values'
qosim check --points -D '$loss=0%, 1%' a.ini
ok 'points: a factor replaced' test "$(wc -l <out)" -eq 2
finish
