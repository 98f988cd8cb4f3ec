#!/bin/sh
exec "${builddir:-.}/tests/peers/tools" -k "$@"
