# Compares what tshark says of each packet with what the run knows. Reads three tables of frames, with
# the columns of read_capture() in test-capture.sh: all of a file, then what the clients' hosts saw, then what
# the brokers' hosts saw. Prints every contradiction, then a line of sums.
#
# Where tshark's rules are known to say something else (epan/dissectors/packet-tcp.c):
#   - a repetition of one byte is a keep-alive to it;
#   - it believes the ACK of every packet (lastack), also of what TCP drops unread: a reset (RFC 5961,
#     3.2), and what lies before the last ACK that was sent (RFC 9293, 3.10.7.4), as a keep-alive does
#     and a repetition of what has come; what is sent again afterwards is spurious to it, whose last byte
#     (a FIN does not count) that ACK covers;
#   - a number 0 is none to it (nextseq): after a reset that has it, by a host that knows of no connection,
#     it calls the next packet no repetition;
#   - it calls a repetition fast (2 duplicate ACKs, the last less than 20 ms ago), out of order (within
#     a round trip of what is newest) or neither by times alone, so a time-out may look fast; the three
#     are one thing here, and a recovery that begins with a third duplicate ACK is fast (what comes at
#     one instant has all come before any of it is answered, so a fourth may have come too);
#   - duplicate ACKs are what repeats the last ACK, whether anything is outstanding or not, but for
#     those behind a gap of their own sender's, and answers to what it takes for a keep-alive.
BEGIN { FS = "\t"; outbound = 2 }

function wrong(what)
{
  if (++shown <= 20)
    print what ": " FILENAME ", frame " $1 " (" seq " " length_ " " $13 ")"
  wrongs++
}

# Of two sequence numbers; what is compared lies within half of the space.
function after(a, b,  d)
{
  d = a - b
  if (d < 0)
    d += 4294967296
  return d > 0 && d < 2147483648
}

function has(flag) { return int($8 / flag) % 2 }

FNR == 1 {
  file++
  split("", top); split("", acked); split("", window); split("", dups); split("", probed)
  split("", promised); split("", ignored); split("", newest); split("", recover); split("", last_ack)
  split("", unknown); split("", seen); split("", told); split("", teller); split("", counted)
}

{
  direction = $3; flow = $4 ":" $5 ">" $6 ":" $7; back = $6 ":" $7 ">" $4 ":" $5
  $8 = $8 + 0
  seq = $9; ack = $10; length_ = $11; comment = $13
  takes = length_ + (has(1) || has(2) ? 1 : 0)
  end = (seq + takes) % 4294967296
  packet = flow "#" $2
  time = $12
  repeated = comment ~ /again:/
}

# The whole file: checksums, and what became of each packet.
file == 1 {
  frames++
  if ($26 != 1 || $27 != 1)
    wrong("bad checksum")
  if (comment ~ /lost:/)
    lost[packet]++
  last_time = time
  next
}

{ flagged = $14 != "" || $15 != "" || $16 != "" || $17 != "" }

# What this host's TCP sent.
direction == outbound {
  sent[packet] = file; sent_at[packet] = time; order[packet] = ++sending[flow]
  segments += takes > 0
  repetitions += repeated
  keep_alive = takes == 1 && length_ == 1 && $22 != ""
  if (repeated != flagged && !keep_alive && !(flow in unknown))
    wrong(repeated ? "a repetition that it does not see" : "no repetition")
  if ($16 != "" && (!(flow in ignored) || after((seq + length_) % 4294967296, ignored[flow])))
    wrong("a spurious repetition")
  if (has(16))
    promised[flow] = ack
  if ($18 != "")
    wrong("lost before it was sent")
  if ($15 != "") {
    fast++
    if (strict && comment !~ /loss recovery|time-out/)
      wrong("not fast")
  }
  # RFC 6582: until all that was sent before it is acknowledged it is one recovery.
  if (comment ~ /loss recovery/ && back in acked &&
      !(flow in recover && after(recover[flow], acked[back]))) {
    recoveries++
    recover[flow] = top[flow]
    third = seq == acked[back] && (dups[back] >= 3 && time == third_time[back] ||
      counted[back] >= 3 && time == counted_time[back])
    if (strict && !third)
      wrong("loss recovery without a third duplicate ACK")
    if (third && seen[back] >= 2 && $15 == "")
      wrong("a fast retransmission that it does not see")
  }
  if (takes > 0 && (!(flow in top) || after(end, top[flow])))
    top[flow] = end
  if (has(4) && seq == 0 && flow in top && after(0, top[flow]))
    unknown[flow] = 1
  else
    delete unknown[flow]
  probed[flow] = takes == 0 && flow in top && (seq + 1) % 4294967296 == top[flow]
}

# What came to it.
direction != outbound {
  arrivals++
  if (lost[packet] || arrived[packet]++)
    wrong("it comes though it was lost, or twice")
  unread = has(4) || (back in promised && after(promised[back], end))
  if (has(16) && unread && (!(back in ignored) || after(ack, ignored[back])))
    ignored[back] = ack
  if ($19 != "")
    wrong("what was never sent is acknowledged")
  gap = flow in top && after(seq, top[flow]) && !has(4)
  if (gap != ($18 != ""))
    wrong(gap ? "a gap that it does not see" : "no gap")
  gaps += gap
  if (has(16) && !has(4)) {
    same = takes == 0 && flow in acked && ack == acked[flow] && ack == last_ack[flow] &&
      $24 == window[flow] && $24 > 0
    outstanding = back in top && after(top[back], ack)
    current = flow in top && seq == top[flow]
    if (current && outstanding && !probed[back] && same != ($20 != ""))
      wrong(same ? "a duplicate ACK that it does not see" : "no duplicate ACK")
    if (same && outstanding) {
      duplicates++
      if (++dups[flow] == 3)
        third_time[flow] = time
      if ($24 == told[flow] && ++counted[flow] == 3)
        counted_time[flow] = time
      seen[flow] += $20 != "" # not behind a gap
    }
    if (!(flow in acked) || after(ack, acked[flow])) {
      acked[flow] = ack
      dups[flow] = counted[flow] = seen[flow] = 0
    }
    last_ack[flow] = ack
    window[flow] = $24
    # RFC 9293, 3.10.7.4: an older segment brings no news of the window (WL1), so the next may.
    if (!(flow in teller) || !after(teller[flow], seq)) {
      teller[flow] = seq
      told[flow] = $24
    }
  }
  if (takes > 0) {
    behind = flow in top && after(top[flow], seq)
    if (behind != flagged && $22 == "")
      wrong(behind ? "out of order, which it does not see" : "not out of order")
    late += behind
    # Only what was sent again or overtaken comes behind.
    if (behind && !repeated)
      unexplained[packet] = newest[flow]
  }
  # A reset by a host that knows of no connection has no number of that connection.
  if (!(has(4) && seq == 0) && (!(flow in top) || after(end, top[flow]))) {
    top[flow] = end
    newest[flow] = packet
  }
  came[packet] = 1
}

END {
  for (p in sent)
    if (!lost[p] && !came[p] && sent_at[p] < last_time - 30)
      vanished++
  if (vanished)
    print vanished " packets vanished without a word"
  for (p in unexplained)
    if (order[p] >= order[unexplained[p]])
      overtakes++
  if (overtakes)
    print overtakes " packets are behind that nothing overtook"
  printf "%d frames %d segments %d repetitions %d fast %d recoveries %d gaps %d late ", frames,
    segments, repetitions, fast, recoveries, gaps, late
  printf "%d duplicate-acks %d wrong\n", duplicates, wrongs + vanished + overtakes
}
