#!/bin/sh
# Wrong usage is said in a sentence, with the way out, and exits 2.
. "${srcdir:-.}/tests/sim/cli/lib.sh"

qosim --help
exits 0 'help'
cp out help
for command in run check show plot profiles keys; do
  says help "  $command" "help names $command"
  "$QOSIM" $command --help >out 2>err
  status=$?
  exits 0 "help of $command"
  says out "qosim $command [OPTION" "help of $command says how it is called"
  says out "Help Options" "help of $command lists options"
done

qosim
exits 2 'nothing said'
says out 'usage: qosim COMMAND' 'nothing said: help is shown'

qosim --version
exits 0 'version'
ok 'version: a line with a number' grep -Eq '^qosim [0-9]+\.[0-9]+' out

qosim rnu x.ini
exits 2 'unknown command'
echo 'qosim: there is no command rnu; nearest: run' >want
same want err 'unknown command: the nearest is named'

qosim simulate
exits 2 'command like no other'
says err 'there is no command simulate; qosim --help lists them' 'command like no other: help is named'

qosim run --wrokers 3 x.ini
exits 2 'unknown option'
says err 'Unknown option --wrokers; see qosim run --help' 'unknown option: named'

qosim run
exits 2 'no file'
says err 'run needs FILE; see qosim run --help' 'no file: said'

small >a.ini
qosim run a.ini b.ini
exits 2 'two files'
says err 'run does not know what to do with b.ini' 'two files: the second is named'
ok 'two files: nothing was run' test ! -e a.db

qosim run -j 0.5 a.ini
exits 2 'half a worker'
qosim run -j -3 a.ini
exits 2 'fewer than no workers'
says err '1 to 1024 workers' 'fewer than no workers: the range is said'
qosim run --repeat -1 a.ini
exits 2 'fewer than no replications'

qosim run --only 2-9 a.ini
exits 2 'a point that is not there'
says err '--only 2-9: there is no point 9; the experiment has 1 to 3' 'a point that is not there: named'
qosim run --only 'radio.los = 5%' a.ini
exits 2 'a condition on a key that there is not'
says err 'no key los; nearest: loss' 'a condition on a key that there is not: named'
qosim run --only 3-2 a.ini
exits 2 'points backwards'
qosim run --only '$los = 5%' a.ini
exits 2 'a condition with an unknown name'
says err '--only $los = 5%:' 'a condition with an unknown name: said'
qosim run --only '$loss > 50%' a.ini
exits 2 'a condition that never holds'
says err 'holds at no point' 'a condition that never holds: said'
ok 'no database after wrong usage' test ! -e a.db

qosim keys lnik
exits 2 'unknown section'
says err 'there is no section [lnik]; nearest: link' 'unknown section: the nearest is named'
qosim profiles ethernett
exits 2 'unknown profile'
says err 'there is no profile ethernett; nearest: ethernet' 'unknown profile: the nearest is named'

qosim show missing.db
exits 2 'a database that is not there'
says err 'missing.db' 'a database that is not there: named'
ok 'a database that is not there is not made' test ! -e missing.db
qosim show a.ini
exits 2 'an experiment where a database is due'
qosim plot a.ini
exits 2 'plots of an experiment file'
finish
