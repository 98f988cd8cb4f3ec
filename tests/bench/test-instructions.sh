#!/bin/sh
# Instructions per delivered message of a small fleet, counted by valgrind: the one figure of speed that
# is the same on a busy machine. Fails when it is more than 3 % over what tests/bench/instructions.txt
# says for this build: a compiler, its flags, a C library and a kind of processor. For builds that the
# file does not name, and where valgrind is missing, there is nothing to compare with, and it is skipped.
# With --renew (`make instructions`) the figure of this build is written instead.
clients=200 shorter_s=3 longer_s=8 allowed_percent=3
file=$srcdir/tests/bench/instructions.txt
fleet=$builddir/tests/bench/bench-fleet
unset MALLOC_PERTURB_ G_DEBUG

build="$($CC --version 2>/dev/null | sed 1q); $BUILD_FLAGS; $(getconf GNU_LIBC_VERSION 2>/dev/null); $(uname -m)"

# What valgrind prints about a run of so many seconds: "MESSAGES INSTRUCTIONS".
count()
{
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$fleet" $clients "$1" 2>&1 |
    awk '/ messages in / { messages = $1 } /Collected : / { instructions = $NF }
      END { print messages + 0, instructions + 0 }'
}

per_message()
{
  # shellcheck disable=SC2046 # two numbers each
  set -- $(count $shorter_s) $(count $longer_s)
  [ "$3" -gt "$1" ] && [ "$4" -gt "$2" ] && echo $((($4 - $2) / ($3 - $1)))
}

skip()
{
  echo "1..0 # SKIP $1"
  exit 0
}

fail()
{
  echo "not ok 1 - $name"
  echo "# $1"
  exit 1
}

if [ "$1" = --renew ]; then
  now=$(per_message) || exit 1
  { sed '/^#/!d' "$file"
    { sed '/^#/d' "$file" | awk -v build="$build" 'substr($0, index($0, " ") + 1) != build'
      echo "$now $build"; } | sort -k 2; } >instructions.new && mv instructions.new "$file" &&
    echo "$now instructions per delivered message: $build"
  exit
fi

command -v valgrind >/dev/null || skip "valgrind is not there to count instructions"
kept=$(awk -v build="$build" 'substr($0, index($0, " ") + 1) == build { print $1 }' "$file")
[ -n "$kept" ] || skip "tests/bench/instructions.txt has no figure for this build: $build"
name="a delivered message takes at most $kept instructions and $allowed_percent %"
echo 1..1
now=$(per_message) || fail 'valgrind counted nothing'
[ $((now * 100)) -le $((kept * (100 + allowed_percent))) ] ||
  fail "it takes $now; where that is worth it: make instructions"
echo "ok 1 - $name"
echo "# it takes $now"
[ $((now * 100)) -ge $((kept * (100 - allowed_percent))) ] || echo '# to keep the gain: make instructions'
