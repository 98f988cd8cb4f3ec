#include "models/tcp/conn-private.h"

/* Keepalive (RFC 9293 3.8.4) as tcp_keepalive_timer() does it, and the user timeout (RFC 5482,
 * TCP_USER_TIMEOUT): how long a connection stands of which nothing is heard. */

/* TCP_KEEPALIVE_INTVL and TCP_KEEPALIVE_PROBES of Linux; lwIP and Zephyr have the same. */
#define INTERVAL_NS G_GINT64_CONSTANT(75000000000)
#define PROBES 9

struct _TcpAlive {
  gint64 heard_ns;
  gint64 timer_ns;
  guint8 probes; /* unanswered */
};

static void
set_timer(TcpConn *conn, gint64 now_ns, gint64 delay_ns)
{
  conn->alive->timer_ns = tcp_timer_at(conn, now_ns, delay_ns);
}

/* The connection stands. */
void
tcp_alive_start(TcpConn *conn, gint64 now_ns)
{
  if (conn->config->keepalive_ns != TCP_NEVER) {
    conn->alive = g_new0(TcpAlive, 1);
    conn->alive->heard_ns = now_ns;
    set_timer(conn, now_ns, conn->config->keepalive_ns);
  }
}

gint64
tcp_alive_deadline(const TcpConn *conn)
{
  return conn->alive != NULL ? conn->alive->timer_ns : TCP_NEVER;
}

/* A segment came. The timer stays: it looks when it runs out. */
void
tcp_alive_heard(TcpConn *conn, gint64 now_ns)
{
  if (conn->alive != NULL) {
    conn->alive->heard_ns = now_ns;
    conn->alive->probes = 0;
  }
}

/* With a user timeout that decides, not the number of probes. */
static gboolean
given_up(const TcpConn *conn, gint64 silent_ns)
{
  guint probes = conn->alive->probes;
  if (conn->config->user_timeout_ns != TCP_NEVER) {
    return probes > 0 && silent_ns >= conn->config->user_timeout_ns;
  }
  return probes >= PROBES;
}

/* While data are unacknowledged their retransmission asks whether the peer lives; no probe goes. */
void
tcp_alive_timeout(TcpConn *conn, gint64 now_ns)
{
  const gint64 idle_ns = conn->config->keepalive_ns;
  if (tcp_alive_deadline(conn) > now_ns) {
    return;
  }
  TcpAlive *alive = conn->alive;
  gint64 silent_ns = now_ns - alive->heard_ns;
  if (conn->head != conn->tail || tcp_send_waiting(conn) > 0) {
    set_timer(conn, now_ns, idle_ns);
  } else if (silent_ns < idle_ns) {
    set_timer(conn, now_ns, idle_ns - silent_ns);
  } else if (given_up(conn, silent_ns)) {
    conn->reset_owed = TRUE;
    tcp_conn_finish(conn, TCP_END_TIMEOUT);
  } else {
    alive->probes++;
    conn->probe_owed = TRUE;
    set_timer(conn, now_ns, INTERVAL_NS);
  }
}

/* Data have been sent again, or the window probed, for longer than the user waits. */
gboolean
tcp_alive_user_timeout(const TcpConn *conn, gint64 now_ns)
{
  gint64 limit_ns = conn->config->user_timeout_ns;
  return limit_ns != TCP_NEVER && now_ns - conn->retry_start_ns >= limit_ns;
}

/* tcp_clamp_rto_to_user_timeout(): the last wait ends with the user's patience. */
gint64
tcp_alive_clamp(const TcpConn *conn, gint64 now_ns, gint64 wait_ns)
{
  gint64 limit_ns = conn->config->user_timeout_ns;
  return limit_ns == TCP_NEVER ? wait_ns
                               : CLAMP(conn->retry_start_ns + limit_ns - now_ns, 1, wait_ns);
}

/* The time-out of data, clamped once they were sent again. */
gint64
tcp_alive_rto_ns(const TcpConn *conn, gint64 now_ns)
{
  gboolean again = conn->state >= TCP_ESTABLISHED && conn->retries > 0;
  return again ? tcp_alive_clamp(conn, now_ns, conn->rto_ns) : conn->rto_ns;
}
