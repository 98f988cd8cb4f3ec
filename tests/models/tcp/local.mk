# Tests of models/tcp: each links only what its layer may know.
