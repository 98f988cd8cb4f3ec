# Tests of sim/cli: the program as a user meets it.
