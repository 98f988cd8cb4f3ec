#!/bin/sh
exec "${builddir:-.}/tests/peers/cast" libmosquitto -k "$@"
