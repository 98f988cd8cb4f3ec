#!/bin/sh
exec "${builddir:-.}/tests/peers/cast" paho-python -k "$@"
