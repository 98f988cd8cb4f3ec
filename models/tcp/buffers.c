/* Socket buffers that grow with the flow, as Linux tunes them: the receiver's towards twice what
 * its application reads in a round trip (dynamic right-sizing), the sender's with the congestion
 * window. Sizes are of payload; a kernel counts memory, of which it takes half for overhead. */
#include "models/tcp/conn-private.h"

/* Before so much has come nothing is measured, and no memory is spent on it: an idle client's
 * connection never gets there. */
#define MEASURED_FROM 512

/* tcp_event_data_recv() lets smaller segments open nothing. */
#define LEAST_LENGTH 128

/* A segment shorter than this is counted as wasting memory, and opens the window by less (check #2
 * of tcp_grow_window()). Measured: 369 bytes are enough, 246 are not. */
#define FULL_LENGTH 320

#define INITIAL_SEGMENTS 10 /* of rcvq_space.space, tcp_init_buffer_space() */

struct _TcpBuffers {
  gint64 rtt_ns;       /* least seen, smoothed where time stamps tell it; 0: none yet */
  gint64 window_ns;    /* when the window began that ends at */
  guint64 window_end;  /* which takes a round trip at least */
  gint64 reading_ns;   /* when the reading began that is measured, */
  guint64 reading_seq; /* and where */
  guint32 reading;     /* most bytes read in a round trip */
  guint32 limit;       /* what may be offered; window_clamp */
  guint32 window;      /* what is; rcv_ssthresh */
  guint32 echo;        /* time stamp that was measured last */
};

static gboolean
receiver_tunes(const TcpConn *conn)
{
  return conn->config->receive_buffer_max > conn->config->receive_buffer;
}

static guint64
unread(const TcpConn *conn)
{
  return conn->rcv_nxt - MIN(tcp_stream_read(conn->rx), conn->rcv_nxt);
}

/* Right edge of the window that could be offered. */
guint64
tcp_buffers_window_end(const TcpConn *conn)
{
  const TcpBuffers *buffers = conn->buffers;
  guint64 read = tcp_stream_read(conn->rx);
  if (buffers == NULL) {
    return read + conn->config->receive_buffer;
  }
  return MIN(read + buffers->limit, conn->rcv_nxt + buffers->window);
}

static G_GNUC_NO_INLINE void
start(TcpConn *conn, gint64 now_ns)
{
  guint32 size = conn->config->receive_buffer;
  TcpBuffers *buffers = conn->buffers = g_new0(TcpBuffers, 1);
  buffers->window_ns = buffers->reading_ns = now_ns;
  buffers->window_end = conn->offered;
  buffers->reading_seq = tcp_stream_read(conn->rx);
  buffers->reading = MIN(size, INITIAL_SEGMENTS * (guint32)conn->mss);
  buffers->limit = buffers->window = size;
}

/* tcp_rcv_rtt_update(): from time stamps, smoothed upwards; from windows only the least counts. */
static void
take_rtt(TcpBuffers *buffers, gint64 sample_ns, gboolean smooth)
{
  if (buffers->rtt_ns == 0 || sample_ns < buffers->rtt_ns) {
    buffers->rtt_ns = MAX(sample_ns, 1);
  } else if (smooth) {
    buffers->rtt_ns += (sample_ns - buffers->rtt_ns) / 8;
  }
}

/* tcp_rcv_rtt_measure_ts(), tcp_rcv_rtt_measure() */
static void
measure_rtt(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  TcpBuffers *buffers = conn->buffers;
  gboolean echoes = conn->timestamps_ok && segment->ts_echo != 0;
  if (echoes && segment->ts_echo != buffers->echo) {
    buffers->echo = segment->ts_echo;
    gint64 ticks = (gint32)(tcp_conn_timestamp(now_ns) - segment->ts_echo);
    gboolean all_read = tcp_stream_read(conn->rx) >= segment->seq;
    if (segment->length >= conn->rcv_mss && all_read && ticks > 0) {
      take_rtt(buffers, ticks * TCP_CLOCK_TICK_NS, TRUE);
    }
  }
  if (conn->rcv_nxt >= buffers->window_end) {
    take_rtt(buffers, now_ns - buffers->window_ns, FALSE);
    buffers->window_end = MAX(conn->offered, conn->rcv_nxt);
    buffers->window_ns = now_ns;
  }
}

/* tcp_grow_window(): each segment opens the window by two, until the limit. While it grows, ACKs
 * go at once. */
static void
open_window(TcpConn *conn, guint length)
{
  TcpBuffers *buffers = conn->buffers;
  if (length < LEAST_LENGTH) {
    return;
  }
  gint64 room = (gint64)buffers->limit - (gint64)unread(conn) - buffers->window;
  if (room <= 0) {
    return;
  }
  guint32 step = 2 * MAX(length >= FULL_LENGTH ? conn->mss : conn->rcv_mss, length);
  buffers->window += (guint32)MIN(room, step);
  tcp_acking_window_grew(conn);
}

/* Data came, in order or beyond a gap; rcv_nxt counts them. */
inline void
tcp_buffers_received(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if (conn->buffers == NULL) {
    if (conn->rcv_nxt < MEASURED_FROM || !receiver_tunes(conn)) {
      return;
    }
    start(conn, now_ns);
  }
  measure_rtt(conn, now_ns, segment);
  open_window(conn, segment->length);
}

/* tcp_rcvbuf_grow(): twice what was read in the last round trip, since the news is one round trip
 * old, and twice as much again as that grew; and room for what waits beyond a gap. */
static void
raise_limit(TcpConn *conn, guint32 reading)
{
  TcpBuffers *buffers = conn->buffers;
  guint64 window = 2 * (guint64)reading;
  window += 2 * (window * (reading - buffers->reading) / buffers->reading);
  window += tcp_early_end(conn) - conn->rcv_nxt;
  buffers->reading = reading;
  window = MIN(window, conn->config->receive_buffer_max);
  buffers->limit = MAX(buffers->limit, (guint32)window);
}

/* tcp_data_queue_ofo() */
void
tcp_buffers_early(TcpConn *conn)
{
  if (conn->buffers != NULL) {
    raise_limit(conn, conn->buffers->reading);
  }
}

/* The application read: tcp_rcv_space_adjust(). */
void
tcp_buffers_read(TcpConn *conn, gint64 now_ns)
{
  TcpBuffers *buffers = conn->buffers;
  if (buffers == NULL || buffers->rtt_ns == 0 || now_ns - buffers->reading_ns < buffers->rtt_ns) {
    return;
  }
  guint64 read = tcp_stream_read(conn->rx);
  guint64 reading = read - buffers->reading_seq;
  reading -= MIN(reading, unread(conn));
  if (reading > buffers->reading) {
    raise_limit(conn, (guint32)MIN(reading, conn->config->receive_buffer_max));
  }
  buffers->reading_seq = read;
  buffers->reading_ns = now_ns;
}

/* Bytes that may lie in the send buffer: tcp_sndbuf_expand() makes room for two windows. */
gsize
tcp_buffers_send(const TcpConn *conn)
{
  const TcpConfig *config = conn->config;
  gsize wanted = 2 * (gsize)tcp_conn_cwnd(conn);
  if (wanted <= config->send_buffer) {
    return config->send_buffer;
  }
  return MAX(MIN(wanted, config->send_buffer_max), config->send_buffer);
}
