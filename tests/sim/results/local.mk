# Tests of sim/results: each links only what its layer may know.
