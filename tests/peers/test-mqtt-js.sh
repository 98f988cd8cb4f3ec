#!/bin/sh
exec "${builddir:-.}/tests/peers/cast" mqtt-js -k "$@"
