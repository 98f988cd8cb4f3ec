# Tests of sim/record: each links only what its layer may know.
