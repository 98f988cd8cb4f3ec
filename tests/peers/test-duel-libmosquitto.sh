#!/bin/sh
# The profile libmosquitto against the library itself.
here=${srcdir:-.}/tests/peers
peers=${builddir:-.}/tests/peers
if ! command -v python3 > /dev/null || ! [ -x "$peers/peer-libmosquitto" ]; then
  echo "1..0 # SKIP python3 or the library is missing"
  exit 0
fi
exec python3 "$here/duel.py" libmosquitto "$peers/peer-libmosquitto" -- "$peers/peer-qosim" "$@"
