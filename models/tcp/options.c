#include "models/tcp/conn-private.h"

/* Bytes on the wire as tcp_syn_options() and tcp_established_options() lay them out: timestamps 10
 * and two of padding, into which SACK permitted goes on SYN; window scale 3 and one of padding. */
#define MSS_BYTES 4
#define TIMESTAMP_BYTES 12
#define SCALE_BYTES 4
#define SACK_PERMITTED_BYTES 4 /* without timestamps */
#define OPTION_SPACE 40

#define MAX_SCALE 14 /* RFC 7323 2.3 */

/* On segments without SACK blocks once the connection stands. */
guint
tcp_options_bytes(const TcpConn *conn)
{
  return conn->timestamps_ok ? TIMESTAMP_BYTES : 0;
}

static void
set_mss(TcpConn *conn, guint16 mss)
{
  conn->mss = mss;
  conn->window_step = MIN(conn->config->receive_buffer / 2, mss);
}

/* The least shift that lets the whole buffer be offered; where it grows, one more
 * (tcp_select_initial_window() counts memory). */
void
tcp_options_start(TcpConn *conn, guint mss)
{
  gsize most = MAX(conn->config->receive_buffer, 2 * (gsize)conn->config->receive_buffer_max);
  guint bits = g_bit_storage(most);
  conn->own_mss = MIN(mss, conn->config->mss);
  set_mss(conn, conn->own_mss);
  conn->rcv_scale = conn->config->window_scaling ? CLAMP(bits, 16, 16 + MAX_SCALE) - 16 : 0;
}

static inline void
write_none(TcpSegment *segment)
{
  segment->sack_count = 0;
  segment->options = 0;
  segment->sack_permitted = segment->window_scaled = FALSE;
  segment->window_scale = 0;
  segment->mss = 0;
}

static inline void
write_timestamps(const TcpConn *conn, gint64 now_ns, TcpSegment *segment, gboolean there)
{
  if (there) {
    segment->options += TIMESTAMP_BYTES;
    segment->ts_value = tcp_conn_timestamp(now_ns);
    segment->ts_echo = conn->ts_recent;
  } else {
    segment->ts_value = segment->ts_echo = 0;
  }
}

/* The first SYN offers, its answer holds to what both have. */
void
tcp_options_write_syn(TcpConn *conn, gint64 now_ns, TcpSegment *segment)
{
  const TcpConfig *config = conn->config;
  gboolean offers = conn->state == TCP_SYN_SENT;
  write_none(segment);
  segment->mss = conn->own_mss;
  segment->sack_permitted = offers ? config->sack : conn->sack_ok;
  segment->window_scaled = offers ? config->window_scaling : conn->scaled;
  segment->window_scale = conn->rcv_scale;
  segment->options = MSS_BYTES + (segment->window_scaled ? SCALE_BYTES : 0);
  gboolean stamped = offers ? config->timestamps : conn->timestamps_ok;
  write_timestamps(conn, now_ns, segment, stamped);
  if (!stamped && segment->sack_permitted) {
    segment->options += SACK_PERMITTED_BYTES;
  }
}

/* Blocks give way where they would make the packet larger than the path takes. */
static SELDOM void
write_blocks(TcpConn *conn, TcpSegment *segment)
{
  guint room = MIN(OPTION_SPACE - segment->options, conn->mss - MIN(segment->length, conn->mss));
  tcp_early_report(conn, segment, room);
}

/* All that is said in options without SYN; the segment's length is filled in. Blocks of SACK beyond
 * sack_count are left as they are. */
inline void
tcp_options_write(TcpConn *conn, gint64 now_ns, TcpSegment *segment)
{
  write_none(segment);
  write_timestamps(conn, now_ns, segment, conn->timestamps_ok);
  if (conn->early != NULL) {
    write_blocks(conn, segment);
  }
}

/* The peer's SYN: what both offer holds (RFC 7323 1.3, 2.2; RFC 2018 2). */
void
tcp_options_agree(TcpConn *conn, const TcpSegment *syn)
{
  const TcpConfig *config = conn->config;
  conn->sack_ok = config->sack && syn->sack_permitted;
  conn->timestamps_ok = config->timestamps && syn->ts_value != 0;
  conn->scaled = config->window_scaling && syn->window_scaled;
  conn->rcv_scale = conn->scaled ? conn->rcv_scale : 0;
  conn->ts_recent = syn->ts_value;
  guint16 mss = MIN(conn->own_mss, syn->mss != 0 ? syn->mss : TCP_DEFAULT_MSS);
  set_mss(conn, mss - tcp_options_bytes(conn));
}

/* What to echo: the clock of the last segment that began at or before what was acknowledged last
 * (RFC 7323 4.3; tcp_replace_ts_recent()), so that the echo measures from the first segment of
 * those that wait for a delayed ACK, and across a gap from the one before it. */
void
tcp_options_read(TcpConn *conn, const TcpSegment *segment)
{
  if (conn->timestamps_ok && segment->seq <= conn->rcv_acked &&
      (gint32)(segment->ts_value - conn->ts_recent) >= 0) {
    conn->ts_recent = segment->ts_value;
  }
}
