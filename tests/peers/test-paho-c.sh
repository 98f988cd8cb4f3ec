#!/bin/sh
exec "${builddir:-.}/tests/peers/cast" paho-c -k "$@"
