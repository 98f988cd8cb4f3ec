#include "config.h"

#include "tests/peers/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Line Line;

/* One direction of a connection. */
typedef struct {
  Line *line;
  RelayWay way;
  int from, to;
  guint reader, writer;
  GByteArray *in;  /* the beginning of a packet that is not complete */
  GByteArray *out; /* what the receiver has had no room for */
} Side;

struct Line {
  Relay *relay;
  Side side[2];
  gboolean cut; /* nothing passes any more; it goes when both ends have closed */
};

struct Relay {
  int listener;
  guint watch;
  guint16 port, to_port;
  GPtrArray *lines;
  RelayWay cut_way;
  guint cut_type, cut_in; /* cut_in: so many packets from now; 0: never */
  guint cuts;
};

static void
line_free(Line *line)
{
  for (guint way = 0; way < 2; way++) {
    Side *side = &line->side[way];
    if (side->reader != 0)
      g_source_remove(side->reader);
    if (side->writer != 0)
      g_source_remove(side->writer);
    g_byte_array_unref(side->in);
    g_byte_array_unref(side->out);
    close(side->from);
  }
  g_free(line);
}

/* The length of the packet that the bytes begin with; 0 while its fixed header is not complete. */
static gsize
packet_length(const GByteArray *bytes)
{
  gsize length = 0;
  for (guint i = 1; i < bytes->len && i <= 4; i++) {
    length |= (gsize)(bytes->data[i] & 0x7f) << (7 * (i - 1));
    if (bytes->data[i] < 0x80)
      return 1 + i + length;
  }
  return 0;
}

static gboolean
must_cut(Relay *relay, RelayWay way, guint type)
{
  if (relay->cut_in == 0 || way != relay->cut_way || type != relay->cut_type)
    return FALSE;
  return --relay->cut_in == 0;
}

static gboolean write_out(gint fd, GIOCondition condition, gpointer data);

/* FALSE when the receiver is gone. */
static gboolean
flush(Side *side)
{
  while (side->out->len > 0) {
    gssize n = send(side->to, side->out->data, side->out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0)
      return FALSE;
    g_byte_array_remove_range(side->out, 0, (guint)n);
  }
  if (side->out->len > 0 && side->writer == 0)
    side->writer = g_unix_fd_add(side->to, G_IO_OUT | G_IO_HUP | G_IO_ERR, write_out, side);
  return TRUE;
}

static gboolean
write_out(gint fd, GIOCondition condition, gpointer data)
{
  Side *side = data;
  (void)fd;
  (void)condition;
  side->writer = 0;
  if (!flush(side))
    g_ptr_array_remove(side->line->relay->lines, side->line);
  return G_SOURCE_REMOVE;
}

/* Nothing is passed on any more, and both ends are told so. */
static void
end_line(Line *line)
{
  line->cut = TRUE;
  for (guint way = 0; way < 2; way++) {
    flush(&line->side[way]);
    shutdown(line->side[way].to, SHUT_WR);
  }
}

/* Passes on each packet that is complete; FALSE when the receiver is gone. */
static gboolean
pass(Side *side)
{
  Relay *relay = side->line->relay;
  gsize length;
  while ((length = packet_length(side->in)) != 0 && length <= side->in->len) {
    guint type = side->in->data[0] >> 4;
    if (must_cut(relay, side->way, type)) {
      relay->cuts++;
      end_line(side->line);
      return TRUE;
    }
    g_byte_array_append(side->out, side->in->data, (guint)length);
    g_byte_array_remove_range(side->in, 0, (guint)length);
  }
  return flush(side);
}

static gboolean
read_in(gint fd, GIOCondition condition, gpointer data)
{
  Side *side = data;
  Line *line = side->line;
  guint8 bytes[65536];
  (void)condition;
  gssize n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (n > 0 && line->cut)
    return G_SOURCE_CONTINUE;
  if (n > 0) {
    g_byte_array_append(side->in, bytes, (guint)n);
    if (pass(side))
      return G_SOURCE_CONTINUE;
  }
  side->reader = 0;
  if (!line->cut)
    end_line(line);
  if (line->side[1 - side->way].reader == 0)
    g_ptr_array_remove(line->relay->lines, line);
  return G_SOURCE_REMOVE;
}

static void
side_init(Side *side, Line *line, RelayWay way, int from, int to)
{
  *side = (Side){.line = line, .way = way, .from = from, .to = to};
  side->in = g_byte_array_new();
  side->out = g_byte_array_new();
  setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  side->reader = g_unix_fd_add(from, G_IO_IN | G_IO_HUP | G_IO_ERR, read_in, side);
}

static struct sockaddr_in
loopback(guint16 port)
{
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static gboolean
take_caller(gint fd, GIOCondition condition, gpointer data)
{
  Relay *relay = data;
  struct sockaddr_in broker = loopback(relay->to_port);
  (void)condition;
  int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
  if (caller < 0)
    return G_SOURCE_CONTINUE;
  int onward = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(onward, (struct sockaddr *)&broker, sizeof broker) < 0) {
    close(onward);
    close(caller);
    return G_SOURCE_CONTINUE;
  }
  Line *line = g_new0(Line, 1);
  line->relay = relay;
  side_init(&line->side[RELAY_UP], line, RELAY_UP, caller, onward);
  side_init(&line->side[RELAY_DOWN], line, RELAY_DOWN, onward, caller);
  g_ptr_array_add(relay->lines, line);
  return G_SOURCE_CONTINUE;
}

Relay *
relay_new(guint16 to_port)
{
  Relay *relay = g_new0(Relay, 1);
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  relay->to_port = to_port;
  relay->lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
  relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(relay->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
      listen(relay->listener, 16) < 0 ||
      getsockname(relay->listener, (struct sockaddr *)&address, &size) < 0)
    g_error("relay: %s", g_strerror(errno));
  relay->port = ntohs(address.sin_port);
  relay_hold(relay, FALSE);
  return relay;
}

void
relay_hold(Relay *relay, gboolean held)
{
  if (relay->watch != 0)
    g_source_remove(relay->watch);
  relay->watch = held ? 0 : g_unix_fd_add(relay->listener, G_IO_IN, take_caller, relay);
}

void
relay_free(Relay *relay)
{
  relay_hold(relay, TRUE);
  close(relay->listener);
  g_ptr_array_unref(relay->lines);
  g_free(relay);
}

guint16
relay_port(const Relay *relay)
{
  return relay->port;
}

void
relay_cut(Relay *relay, RelayWay way, guint type, guint nth)
{
  relay->cut_way = way;
  relay->cut_type = type;
  relay->cut_in = nth;
}

guint
relay_cuts(const Relay *relay)
{
  return relay->cuts;
}
