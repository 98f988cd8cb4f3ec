# Tests of sim/study: each links only what its layer may know.
