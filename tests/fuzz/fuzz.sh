#!/bin/sh
# The long run of the fuzz targets, with clang's libFuzzer and sanitizers in fuzz/ of the build
# folder, where the inputs that reached something new stay. FUZZ_SECONDS for each target (60), or
# FUZZ_RUNS; FUZZ names targets. Prints how many inputs each has run, and stops at the first that
# fails, with its input.
set -u
seconds=${FUZZ_SECONDS:-60}
runs=${FUZZ_RUNS:--1}
[ "$runs" = -1 ] || seconds=0
targets=${FUZZ:-decode broker client experiment}
sources=$(cd "$(dirname "$0")/../.." && pwd) || exit 3

say()
{
  printf 'fuzz: %s\n' "$*" >&2
}

mkdir -p fuzz && cd fuzz || exit 3
if [ ! -f config.status ]; then
  "$sources/configure" -q CC=clang --enable-fuzz || {
    say "./bootstrap fuzz installs what is missing"
    exit 3
  }
fi
programs=
for target in $targets; do
  programs="$programs tests/fuzz/fuzz-$target"
done
# shellcheck disable=SC2086
make -s $programs || exit 3

: >counts
for target in $targets; do
  seeds=$sources/tests/fuzz/corpus/$target
  [ "$target" != experiment ] || seeds=$sources/experiments
  mkdir -p "corpus-$target" "found-$target"
  say "$target"
  G_DEBUG=fatal-warnings "tests/fuzz/fuzz-$target" -runs="$runs" -max_total_time="$seconds" \
    -max_len=4096 -timeout=30 -print_final_stats=1 -artifact_prefix="found-$target/" \
    "corpus-$target" "$seeds" >"$target.log" 2>&1 || {
    tail -n 40 "$target.log" >&2
    say "$target failed; its input is in $PWD/found-$target"
    exit 1
  }
  awk -v target="$target" '
    /^stat::number_of_executed_units:/ { inputs = $2 }
    /cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    END { printf "%-10s %12d inputs %6d edges\n", target, inputs, edges }' "$target.log" >>counts
done
cat counts
