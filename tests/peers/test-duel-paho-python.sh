#!/bin/sh
# The profile paho-python against the library itself.
here=${srcdir:-.}/tests/peers
peers=${builddir:-.}/tests/peers
if ! command -v python3 > /dev/null || ! /usr/bin/python3 -c "import paho.mqtt.client" 2> /dev/null; then
  echo "1..0 # SKIP python3 or the library is missing"
  exit 0
fi
exec python3 "$here/duel.py" paho-python /usr/bin/python3 "$here/peer-paho-python.py" -- "$peers/peer-qosim" "$@"
