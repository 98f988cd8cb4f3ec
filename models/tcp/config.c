#include "models/tcp/conn.h"

#define MS G_GINT64_CONSTANT(1000000)
#define SECOND (1000 * MS)

/* include/net/tcp.h and ip-sysctl of Linux: TCP_TIMEOUT_INIT, TCP_RTO_MIN, TCP_RTO_MAX,
 * tcp_syn_retries, tcp_syn_linear_timeouts, tcp_synack_retries, tcp_retries2, TCP_DELACK_MIN,
 * TCP_DELACK_MAX, TCP_MAX_QUICKACKS, tcp_comp_sack_delay_ns, HZ of common distributions,
 * TCP_FASTRETRANS_THRESH, TCP_INIT_CWND, tcp_sack, tcp_timestamps, tcp_window_scaling,
 * tcp_recovery, tcp_early_retrans, tcp_frto, tcp_retrans_collapse, tcp_min_tso_segs, MAX_SKB_FRAGS,
 * tcp_wmem, tcp_rmem (of which half is for payload). */
void
tcp_config_linux(TcpConfig *config)
{
  *config = (TcpConfig){
      .rto_rule = TCP_RTO_RULE_LINUX,
      .rto_initial_ns = SECOND,
      .rto_min_ns = 200 * MS,
      .rto_max_ns = 120 * SECOND,
      .rto_backoff = 2,
      .syn_retries = 6,
      .syn_linear = 4,
      .synack_retries = 5,
      .data_retries = 15,
      .ack_rule = TCP_ACK_RULE_LINUX,
      .delayed_ack_ns = 40 * MS,
      .delayed_ack_max_ns = 200 * MS,
      .quick_acks = 16,
      .sack_delay_ns = 1 * MS,
      .tick_ns = 4 * MS,
      .dup_acks = 3,
      .congestion = TCP_CUBIC,
      .hystart = TRUE,
      .idle_restart = TRUE,
      .mss = G_MAXUINT16,
      .initial_window = 10,
      .minshall = TRUE,
      .held_pieces = 17,
      .user_timeout_ns = TCP_NEVER,
      .keepalive_ns = TCP_NEVER,
      .send_buffer = 65536,
      .receive_buffer = 65536,
      .send_buffer_max = 4194304,
      .receive_buffer_max = 16777216,
      .sack = TRUE,
      .timestamps = TRUE,
      .window_scaling = TRUE,
      .rack = TRUE,
      .tlp = TRUE,
      .frto = TRUE,
      .prr = TRUE,
      .undo = TRUE,
      .collapse = TRUE,
      .tso = TRUE,
  };
}

/* RFC 6298 2.1, 2.4, 2.5 for the time-outs; RFC 1122 4.2.3.5 wants at least 100 s before data
 * and 3 minutes before a SYN is given up, which 7 retries from 1 s with the cap of 60 s are (183
 * s); RFC 1122 4.2.3.2 bounds the delayed acknowledgement by 500 ms, and 200 ms is what BSD made
 * of it. The only option is MSS. */
void
tcp_config_rfc6298(TcpConfig *config)
{
  *config = (TcpConfig){
      .rto_rule = TCP_RTO_RULE_RFC6298,
      .rto_initial_ns = SECOND,
      .rto_min_ns = SECOND,
      .rto_max_ns = 60 * SECOND,
      .rto_backoff = 2,
      .syn_retries = 7,
      .synack_retries = 7,
      .data_retries = 7,
      .ack_rule = TCP_ACK_RULE_RFC1122,
      .delayed_ack_ns = 200 * MS,
      .dup_acks = 3,
      .congestion = TCP_RENO,
      .idle_restart = TRUE,
      .mss = G_MAXUINT16,
      .initial_window = 10,
      .user_timeout_ns = TCP_NEVER,
      .keepalive_ns = TCP_NEVER,
      .send_buffer = 65536,
      .receive_buffer = 65536,
  };
}
