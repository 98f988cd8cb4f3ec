# Tests of models/net: each links only what its layer may know.
