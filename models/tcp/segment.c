#include "models/tcp/conn.h"

const char *
tcp_again_name(TcpAgain again)
{
  static const char *const names[] = {[TCP_AGAIN_TIMEOUT] = "time-out",
                                      [TCP_AGAIN_RECOVERY] = "recovery",
                                      [TCP_AGAIN_PROBE] = "probe"};
  return names[again];
}

/* RFC 9293 3.10.7.1: with ACK, the reset takes its sequence number from the acknowledgement;
 * without, it has number 0 and acknowledges what came, so that either way the sender finds it
 * acceptable. */
gboolean
tcp_reset_for(const TcpSegment *segment, TcpSegment *reset)
{
  if (segment->flags & TCP_RST) {
    return FALSE;
  }
  *reset = (TcpSegment){0};
  if (segment->flags & TCP_ACK) {
    reset->seq = segment->ack;
    reset->flags = TCP_RST;
  } else {
    guint phantom = ((segment->flags & TCP_SYN) != 0) + ((segment->flags & TCP_FIN) != 0);
    reset->ack = segment->seq + segment->length + phantom;
    reset->flags = TCP_RST | TCP_ACK;
  }
  return TRUE;
}
