-- The results of one experiment. Times are seconds of virtual time (REAL) or, where the name ends in
-- _ns, nanoseconds from time zero, the end of the warm-up. Readable with the sqlite3 shell alone:
--   SELECT * FROM reliability;  SELECT * FROM losses;  SELECT * FROM latency;
-- PRAGMA application_id is 0x716f7331 ("qos1"), PRAGMA user_version the version of this schema.

-- What was asked: one row.
CREATE TABLE experiment (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  key       TEXT NOT NULL,  -- of the resolved values without the swept ones: the same experiment
  revision  TEXT NOT NULL,  -- of the models
  title     TEXT NOT NULL,
  text      TEXT NOT NULL,  -- the file, verbatim
  overrides TEXT NOT NULL,  -- what -D changed, a line each
  libraries TEXT NOT NULL   -- that the results rest on, with their versions
);

-- Every resolved value that is no factor's, in the syntax of the file.
CREATE TABLE setting (
  section TEXT NOT NULL,
  key     TEXT NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY (section, key)
) WITHOUT ROWID;

-- A combination of swept values, known by its key.
CREATE TABLE point (
  id     INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,  -- in the experiment as last run, from 1; 0: no longer one of its points
  key    TEXT NOT NULL UNIQUE
);

CREATE TABLE parameter (
  point    INTEGER NOT NULL REFERENCES point (id),
  position INTEGER NOT NULL,  -- of the factor, from 1
  factor   TEXT NOT NULL,     -- 'sensor.ack_timeout', '$loss', 'policy'
  text     TEXT NOT NULL,     -- as written: '3 * rtt'
  value    TEXT NOT NULL,     -- as resolved: '900 ms'
  number   REAL,              -- seconds, bytes, a ratio; 9e999: never, unlimited; NULL: a word
  PRIMARY KEY (point, position)
) WITHOUT ROWID;

-- A point and a seed.
CREATE TABLE run (
  id          INTEGER PRIMARY KEY,  -- point * 10000000 + replication
  point       INTEGER NOT NULL REFERENCES point (id),
  replication INTEGER NOT NULL,     -- from 1
  seed        INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('done', 'breach')),
  breach      TEXT,                 -- the invariant that did not hold
  fingerprint TEXT NOT NULL,        -- hash of all that can be observed: 16 hexadecimal digits
  events      INTEGER NOT NULL,
  virtual_s   REAL NOT NULL,        -- length of the run, warm-up included
  wall_s      REAL NOT NULL,        -- the one figure that differs from machine to machine
  UNIQUE (point, replication)
);

-- What a run counted, per element ('publish', 'client', 'link' or 'broker', and its name). Zeros are
-- left out. Names ending in -s are seconds, -peak maxima, the others counts. 'fate:lost/success' is
-- a fate and what the publisher had been told; 'lost:CAUSE' counts what was lost, 'silent:CAUSE'
-- what of it was lost although told success.
CREATE TABLE metric (
  run     INTEGER NOT NULL REFERENCES run (id),
  kind    TEXT NOT NULL,
  element TEXT NOT NULL,
  name    TEXT NOT NULL,
  value   REAL NOT NULL,
  PRIMARY KEY (run, kind, element, name)
) WITHOUT ROWID;

-- The times that a run measured; data holds all of them, to be merged (sim/record/histogram.h).
CREATE TABLE histogram (
  run     INTEGER NOT NULL REFERENCES run (id),
  kind    TEXT NOT NULL,
  element TEXT NOT NULL,
  name    TEXT NOT NULL,  -- 'latency', 'ack-latency', 'detect-client', 'detect-broker'
  count   INTEGER NOT NULL,
  mean_s  REAL NOT NULL,
  min_s   REAL NOT NULL,
  p50_s   REAL NOT NULL,
  p95_s   REAL NOT NULL,
  p99_s   REAL NOT NULL,
  max_s   REAL NOT NULL,
  data    BLOB NOT NULL,
  PRIMARY KEY (run, kind, element, name)
) WITHOUT ROWID;

-- For each cause the first message that a run lost by it.
CREATE TABLE example (
  run     INTEGER NOT NULL REFERENCES run (id),
  element TEXT NOT NULL,
  cause   TEXT NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (run, element, cause)
) WITHOUT ROWID;

-- The rest is filled where the experiment says record = messages or record = trace.
CREATE TABLE client (
  run    INTEGER NOT NULL REFERENCES run (id),
  number INTEGER NOT NULL,
  name   TEXT NOT NULL,
  PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- The publish sections, as messages refer to them.
CREATE TABLE section (
  run    INTEGER NOT NULL REFERENCES run (id),
  number INTEGER NOT NULL,
  name   TEXT NOT NULL,
  PRIMARY KEY (run, number)
) WITHOUT ROWID;

CREATE TABLE fate (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE cause (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE told (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

-- One obligation: a message and a client that it was owed to, or nobody (-1). See also the view
-- messages, which has names for numbers.
CREATE TABLE message (
  run          INTEGER NOT NULL REFERENCES run (id),
  id           INTEGER NOT NULL,  -- of the message in its run, from 1
  section      INTEGER NOT NULL,
  publisher    INTEGER NOT NULL,
  subscriber   INTEGER NOT NULL,
  qos          INTEGER NOT NULL,
  published_ns INTEGER NOT NULL,
  latency_ns   INTEGER,           -- NULL: not delivered
  told_ns      INTEGER,           -- NULL: told nothing
  copies       INTEGER NOT NULL,
  sends        INTEGER NOT NULL,  -- PUBLISH packets sent, in all hops
  needless     INTEGER NOT NULL,  -- needless resends
  fate         INTEGER NOT NULL REFERENCES fate (id),
  cause        INTEGER NOT NULL REFERENCES cause (id),
  told         INTEGER NOT NULL REFERENCES told (id),
  PRIMARY KEY (run, id, subscriber)
) WITHOUT ROWID;

CREATE VIEW messages AS
SELECT p.number AS point, r.replication, m.id, s.name AS section, a.name AS publisher,
  b.name AS subscriber, m.qos, m.published_ns * 1e-9 AS published_s,
  m.latency_ns * 1e-9 AS latency_s, f.name AS fate, c.name AS cause, t.name AS told,
  m.told_ns * 1e-9 AS told_s, m.copies, m.sends, m.needless
FROM message AS m
JOIN run AS r ON r.id = m.run
JOIN point AS p ON p.id = r.point
JOIN section AS s ON s.run = m.run AND s.number = m.section
JOIN client AS a ON a.run = m.run AND a.number = m.publisher
LEFT JOIN client AS b ON b.run = m.run AND b.number = m.subscriber
JOIN fate AS f ON f.id = m.fate
JOIN cause AS c ON c.id = m.cause
JOIN told AS t ON t.id = m.told;

-- The links, as segments refer to them: 'radio/sensor-17', or 'radio' where it is shared.
CREATE TABLE link (
  run    INTEGER NOT NULL REFERENCES run (id),
  number INTEGER NOT NULL,
  name   TEXT NOT NULL,
  PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- One TCP segment on one link, where the experiment says record = trace; warm-up included. See also
-- the view segments, which has names for numbers.
CREATE TABLE segment (
  run        INTEGER NOT NULL REFERENCES run (id),
  number     INTEGER NOT NULL,  -- in the order in which they came to their links, from 1
  at_ns      INTEGER NOT NULL,
  arrives_ns INTEGER,           -- at the other end of the link; NULL: lost, or the run ended before
  link       INTEGER NOT NULL,
  client     INTEGER NOT NULL,
  connection INTEGER NOT NULL,  -- of that client, from 1
  up         INTEGER NOT NULL,  -- 1: from the client to its broker
  flags      INTEGER NOT NULL,  -- as in the header of TCP
  seq        INTEGER NOT NULL,  -- from 0, which is SYN's
  ack        INTEGER NOT NULL,
  payload    INTEGER NOT NULL,  -- bytes of MQTT
  bytes      INTEGER NOT NULL,  -- of the IP packet
  again      TEXT,              -- 'time-out', 'recovery', 'probe'; NULL: sent for the first time
  lost       TEXT,              -- 'lost', 'queue full', 'outage', 'NAT'; NULL: it was not
  PRIMARY KEY (run, number)
) WITHOUT ROWID;

CREATE VIEW segments AS
SELECT p.number AS point, r.replication, s.number, s.at_ns * 1e-9 AS at_s,
  s.arrives_ns * 1e-9 AS arrives_s, l.name AS link, c.name AS client, s.connection,
  CASE s.up WHEN 1 THEN 'up' ELSE 'down' END AS direction,
  rtrim(CASE WHEN s.flags & 2 THEN 'SYN ' ELSE '' END || CASE WHEN s.flags & 1 THEN 'FIN ' ELSE '' END
    || CASE WHEN s.flags & 4 THEN 'RST ' ELSE '' END || CASE WHEN s.flags & 8 THEN 'PSH ' ELSE '' END
    || CASE WHEN s.flags & 16 THEN 'ACK ' ELSE '' END) AS flags,
  s.seq, s.ack, s.payload, s.bytes, s.again, s.lost
FROM segment AS s
JOIN run AS r ON r.id = s.run
JOIN point AS p ON p.id = r.point
JOIN link AS l ON l.run = s.run AND l.number = s.link
JOIN client AS c ON c.run = s.run AND c.number = s.client;

-- 'sensor.link = lte-m, $loss = 2 %'
CREATE VIEW points AS
SELECT id, number, coalesce(
  (SELECT group_concat(factor || ' = ' || value, ', ')
   FROM (SELECT factor, value FROM parameter WHERE point = p.id ORDER BY position)), '')
  AS parameters
FROM point AS p
WHERE number > 0;

-- Per point and publish section, summed over the replications that are done.
CREATE VIEW reliability AS
SELECT p.number AS point, p.parameters, m.element AS section, count(DISTINCT r.id) AS runs,
  sum(value) FILTER (WHERE name = 'published') AS published,
  sum(value) FILTER (WHERE name = 'owed') AS owed,
  total(value) FILTER (WHERE name IN ('once', 'duplicated')) AS delivered,
  total(value) FILTER (WHERE name = 'lost') AS lost,
  total(value) FILTER (WHERE name = 'pending') AS pending,
  total(value) FILTER (WHERE name = 'duplicated') AS duplicated,
  total(value) FILTER (WHERE name = 'silent-loss') AS silently_lost,
  total(value) FILTER (WHERE name IN ('once', 'duplicated'))
    / sum(value) FILTER (WHERE name = 'owed') AS delivery_ratio
FROM points AS p
JOIN run AS r ON r.point = p.id AND r.state = 'done'
JOIN metric AS m ON m.run = r.id AND m.kind = 'publish'
GROUP BY p.number, m.element;

-- Per point, publish section and histogram. The mean is exact; p50_s to p99_s are means of the runs'
-- quantiles: those of the merged histogram, with their intervals, are what `qosim run` prints.
CREATE VIEW latency AS
SELECT p.number AS point, p.parameters, h.kind, h.element, h.name, count(*) AS runs,
  sum(h.count) AS count, sum(h.count * h.mean_s) / sum(h.count) AS mean_s, min(h.min_s) AS min_s,
  avg(h.p50_s) AS p50_s, avg(h.p95_s) AS p95_s, avg(h.p99_s) AS p99_s, max(h.max_s) AS max_s
FROM points AS p
JOIN run AS r ON r.point = p.id AND r.state = 'done'
JOIN histogram AS h ON h.run = r.id
GROUP BY p.number, h.kind, h.element, h.name;

-- Per point, publish section and cause: what was lost, and what of it silently; an example to show
-- (POINT:REPLICATION:ID).
CREATE VIEW losses AS
SELECT p.number AS point, p.parameters, m.element AS section, substr(m.name, 6) AS cause,
  sum(m.value) AS lost, total(s.value) AS silent,
  min(p.number || ':' || r.replication || ':' || e.message) AS example
FROM points AS p
JOIN run AS r ON r.point = p.id AND r.state = 'done'
JOIN metric AS m ON m.run = r.id AND m.kind = 'publish' AND m.name LIKE 'lost:%'
LEFT JOIN metric AS s ON s.run = m.run AND s.kind = m.kind AND s.element = m.element
  AND s.name = 'silent:' || substr(m.name, 6)
LEFT JOIN example AS e ON e.run = m.run AND e.element = m.element AND e.cause = substr(m.name, 6)
GROUP BY p.number, m.element, m.name;
