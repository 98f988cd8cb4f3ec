/* The fleet of fleet.ini in ns-3, for the side-by-side that `make bench-peers` prints: publishers
 * on a lossy link of their own each, brokers, and for each broker a subscriber on a fast link. ns-3
 * has no MQTT, so that only lengths go over its TCP: a message of PUBLISH bytes, which a broker
 * answers and forwards, and the subscriber answers, with PUBACK bytes each. There is no CONNECT:
 * what is published before TCP stands waits, and falls into the warm-up.
 *
 *     fleet-ns3 PUBLISHERS BROKERS RUN [--ns3::TcpSocketBase::Timestamp=true ...]
 *     fleet-ns3                                        the version of ns-3
 *
 * prints how many messages of the window were owed and came, and of these the mean latency, its
 * quantiles p50, p90, p99, p99.5, p99.9, and the share that was later than LATE; times in seconds.
 *
 * What makes ns-3 slow and is not needed is left out: queue discs, IPv6, global routing, the
 * class Application. Time stamps are off: TcpSocketBase::ProcessOptionTimestamp() takes one only
 * after an ACK that went alone (m_highTxAck), so who always has data to send with its ACK, as this
 * broker, echoes the same for ever, and its peer's time-out grows towards minutes. */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>
#include <ns3/version.h>

using namespace ns3;

namespace
{

/* MQTT 5: fixed header 2, topic 2 + 17, packet identifier 2, no properties 1, payload 100. */
const uint32_t PUBLISH = 124, PUBACK = 4;
const uint16_t PORT = 1883;

/* Seconds. */
const double WARMUP = 10, DURATION = 60, DRAIN = 60, CONNECT_WITHIN = 5, EVERY = 1;
const double LATE = 0.25; /* nobody is who had no loss */

/* What was published, when, and what came of it. */
class Ledger
{
public:
  Ledger(std::vector<double> phases)
      : m_phases(std::move(phases)), m_came(m_phases.size()),
        m_left(m_phases.size() * (uint64_t)((WARMUP + DURATION) / EVERY))
  {
    m_latencies.reserve(Owed());
  }

  uint64_t Owed() const
  {
    return m_phases.size() * (uint64_t)(DURATION / EVERY);
  }

  double PublishedAt(uint32_t sensor, uint32_t message) const
  {
    return m_phases[sensor] + message * EVERY;
  }

  /* The next of this sensor's messages, which come in order. */
  void Came(uint32_t sensor)
  {
    double at = PublishedAt(sensor, m_came[sensor]++);
    if (at >= WARMUP)
      m_latencies.push_back(Simulator::Now().GetSeconds() - at);
    if (--m_left == 0)
      Simulator::Stop();
  }

  void Print()
  {
    std::vector<double> &all = m_latencies;
    double n = all.size();
    std::sort(all.begin(), all.end());
    std::printf("%lu %lu %.6f", (unsigned long)Owed(), (unsigned long)all.size(),
                std::accumulate(all.begin(), all.end(), 0.0) / n);
    for (double share : {0.5, 0.9, 0.99, 0.995, 0.999})
      std::printf(" %.6f", all.empty() ? NAN : all[(size_t)(share * (n - 1))]);
    std::printf(" %.6f\n", (all.end() - std::upper_bound(all.begin(), all.end(), LATE)) / n);
  }

private:
  std::vector<double> m_phases;
  std::vector<uint32_t> m_came; /* of each sensor */
  uint64_t m_left;
  std::vector<double> m_latencies;
};

/* Bytes of packets that all have one length: how many packets they complete. */
class Counter
{
public:
  explicit Counter(uint32_t length) : m_length(length)
  {
  }

  uint32_t Read(Ptr<Socket> socket)
  {
    while (Ptr<Packet> packet = socket->Recv())
      m_bytes += packet->GetSize();
    uint32_t n = m_bytes / m_length;
    m_bytes %= m_length;
    return n;
  }

private:
  uint32_t m_length, m_bytes = 0;
};

Ptr<Socket>
NewSocket(Ptr<Node> node)
{
  return Socket::CreateSocket(node, TcpSocketFactory::GetTypeId());
}

/* Publishes each second, connected or not; what cannot go yet waits. */
class Sensor
{
public:
  Sensor(Ledger *ledger, uint32_t number, Ptr<Node> node, Address broker, double connect_at)
      : m_ledger(ledger), m_number(number), m_socket(NewSocket(node)), m_broker(broker)
  {
    m_socket->SetConnectCallback(MakeCallback(&Sensor::OnConnected, this),
                                 MakeNullCallback<void, Ptr<Socket>>());
    m_socket->SetRecvCallback(MakeCallback(&Sensor::OnData, this));
    Simulator::Schedule(Seconds(connect_at), &Sensor::Connect, this);
    ScheduleNext();
  }

private:
  void Connect()
  {
    m_socket->Connect(m_broker);
  }

  void ScheduleNext()
  {
    double at = m_ledger->PublishedAt(m_number, m_published);
    if (at < WARMUP + DURATION)
      Simulator::Schedule(Seconds(at) - Simulator::Now(), &Sensor::Publish, this);
  }

  void Publish()
  {
    m_published++;
    if (m_connected)
      m_socket->Send(Create<Packet>(PUBLISH));
    ScheduleNext();
  }

  void OnConnected(Ptr<Socket>)
  {
    m_connected = true;
    for (uint32_t i = 0; i < m_published; i++)
      m_socket->Send(Create<Packet>(PUBLISH));
  }

  void OnData(Ptr<Socket> socket)
  {
    m_acknowledgements.Read(socket);
  }

  Ledger *m_ledger;
  uint32_t m_number;
  Ptr<Socket> m_socket;
  Address m_broker;
  uint32_t m_published = 0;
  bool m_connected = false;
  Counter m_acknowledgements{PUBACK};
};

/* Where messages end: which ones they are tells the broker, since TCP keeps their order. */
class Dashboard
{
public:
  Dashboard(Ledger *ledger, Ptr<Node> node, Address broker)
      : m_ledger(ledger), m_socket(NewSocket(node))
  {
    m_socket->SetRecvCallback(MakeCallback(&Dashboard::OnData, this));
    m_socket->Connect(broker);
  }

  void Expect(uint32_t sensor)
  {
    m_expected.push_back(sensor);
  }

private:
  void OnData(Ptr<Socket> socket)
  {
    for (uint32_t n = m_messages.Read(socket); n > 0; n--) {
      m_ledger->Came(m_expected.front());
      m_expected.pop_front();
      m_socket->Send(Create<Packet>(PUBACK));
    }
  }

  Ledger *m_ledger;
  Ptr<Socket> m_socket;
  Counter m_messages{PUBLISH};
  std::deque<uint32_t> m_expected;
};

class Broker;

/* The broker's end of a sensor's connection. */
class Session
{
public:
  Session(Broker *broker, uint32_t sensor, Ptr<Socket> socket) : m_broker(broker), m_sensor(sensor)
  {
    socket->SetRecvCallback(MakeCallback(&Session::OnData, this));
  }

private:
  void OnData(Ptr<Socket> socket);

  Broker *m_broker;
  uint32_t m_sensor;
  Counter m_messages{PUBLISH};
};

/* A link's number is in its addresses, four to each, and those of sensors come first. */
class Broker
{
public:
  Broker(Ptr<Node> node, uint32_t sensors) : m_sensors(sensors), m_listener(NewSocket(node))
  {
    m_listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
    m_listener->Listen();
    m_listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address &>(),
                                  MakeCallback(&Broker::OnAccept, this));
  }

  void SetDashboard(Dashboard *dashboard)
  {
    m_dashboard = dashboard;
  }

  void Forward(uint32_t sensor)
  {
    m_dashboard->Expect(sensor);
    m_down->Send(Create<Packet>(PUBLISH));
  }

private:
  void OnAccept(Ptr<Socket> socket, const Address &from);

  void OnDashboardData(Ptr<Socket> socket)
  {
    m_acknowledgements.Read(socket);
  }

  uint32_t m_sensors;
  Ptr<Socket> m_listener, m_down;
  Dashboard *m_dashboard = nullptr;
  std::vector<std::unique_ptr<Session>> m_sessions;
  Counter m_acknowledgements{PUBACK};
};

void
Session::OnData(Ptr<Socket> socket)
{
  for (uint32_t n = m_messages.Read(socket); n > 0; n--) {
    socket->Send(Create<Packet>(PUBACK));
    m_broker->Forward(m_sensor);
  }
}

const uint32_t FIRST_ADDRESS = 0x0a000000; /* 10.0.0.0 */

void
Broker::OnAccept(Ptr<Socket> socket, const Address &from)
{
  uint32_t link = (InetSocketAddress::ConvertFrom(from).GetIpv4().Get() - FIRST_ADDRESS) / 4;
  if (link < m_sensors) {
    m_sessions.push_back(std::make_unique<Session>(this, link, socket));
  } else {
    m_down = socket;
    socket->SetRecvCallback(MakeCallback(&Broker::OnDashboardData, this));
  }
}

void
AddAddress(Ptr<NetDevice> device, uint32_t address)
{
  Ptr<Ipv4> ipv4 = device->GetNode()->GetObject<Ipv4>();
  uint32_t interface = ipv4->AddInterface(device);
  ipv4->AddAddress(interface, Ipv4InterfaceAddress(Ipv4Address(address), Ipv4Mask("/30")));
  ipv4->SetUp(interface);
}

/* Hosts and the links between them. */
class Network
{
public:
  Network()
  {
    m_stack.SetIpv6StackInstall(false);
    m_stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
    for (PointToPointHelper *link : {&m_own, &m_fast}) {
      link->DisableFlowControl(); /* else a queue disc comes between IP and the device */
      link->SetQueue("ns3::DropTailQueue", "MaxSize", StringValue("1000p"));
    }
    m_own.SetDeviceAttribute("DataRate", StringValue("1Mbps"));
    m_own.SetChannelAttribute("Delay", StringValue("150ms"));
    m_fast.SetDeviceAttribute("DataRate", StringValue("10Gbps"));
    m_fast.SetChannelAttribute("Delay", StringValue("0ms"));
    m_loss->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
    m_loss->SetRate(0.01);
  }

  Ptr<Node> AddHost()
  {
    Ptr<Node> node = CreateObject<Node>();
    m_stack.Install(node);
    return node;
  }

  /* Gives the address by which the client reaches the broker. */
  Address Connect(Ptr<Node> client, Ptr<Node> broker, bool lossy)
  {
    NetDeviceContainer ends = (lossy ? m_own : m_fast).Install(client, broker);
    uint32_t first = FIRST_ADDRESS + 4 * m_links++;
    for (uint32_t i = 0; i < 2; i++) {
      AddAddress(ends.Get(i), first + 1 + i);
      if (lossy)
        ends.Get(i)->SetAttribute("ReceiveErrorModel", PointerValue(m_loss));
    }
    return InetSocketAddress(Ipv4Address(first + 2), PORT);
  }

private:
  InternetStackHelper m_stack;
  PointToPointHelper m_own, m_fast;
  Ptr<RateErrorModel> m_loss = CreateObject<RateErrorModel>();
  uint32_t m_links = 0;
};

/* What tests/peers/fleet.ini says in [tcp like-ns3]. */
void
Configure()
{
  GlobalValue::Bind("SchedulerType", StringValue("ns3::PriorityQueueScheduler"));
  Config::SetDefault("ns3::TcpL4Protocol::SocketType", TypeIdValue(TcpLinuxReno::GetTypeId()));
  Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1460));
  Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(65536));
  Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(65536));
  Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
  Config::SetDefault("ns3::TcpSocket::TcpNoDelay", BooleanValue(true));
  Config::SetDefault("ns3::TcpSocket::ConnTimeout", TimeValue(Seconds(1)));
  Config::SetDefault("ns3::TcpSocket::DataRetries", UintegerValue(15));
  Config::SetDefault("ns3::TcpSocket::DelAckTimeout", TimeValue(MilliSeconds(40)));
  Config::SetDefault("ns3::TcpSocketBase::MinRto", TimeValue(MilliSeconds(200)));
  Config::SetDefault("ns3::TcpSocketBase::Sack", BooleanValue(true));
  Config::SetDefault("ns3::TcpSocketBase::Timestamp", BooleanValue(false));
  Config::SetDefault("ns3::TcpSocketBase::WindowScaling", BooleanValue(true));
}

void
RunFleet(uint32_t n_sensors, uint32_t n_brokers)
{
  auto random = CreateObject<UniformRandomVariable>();
  std::vector<double> phases(n_sensors);
  for (double &phase : phases)
    phase = random->GetValue(0, EVERY);
  Ledger ledger(phases);
  Network network;
  std::vector<Ptr<Node>> hosts;
  std::vector<std::unique_ptr<Broker>> brokers;
  std::vector<std::unique_ptr<Sensor>> sensors;
  std::vector<std::unique_ptr<Dashboard>> dashboards;
  for (uint32_t i = 0; i < n_brokers; i++) {
    hosts.push_back(network.AddHost());
    brokers.push_back(std::make_unique<Broker>(hosts[i], n_sensors));
  }
  for (uint32_t i = 0; i < n_sensors; i++) {
    Ptr<Node> node = network.AddHost();
    Address address = network.Connect(node, hosts[i % n_brokers], true);
    sensors.push_back(
        std::make_unique<Sensor>(&ledger, i, node, address, random->GetValue(0, CONNECT_WITHIN)));
  }
  for (uint32_t i = 0; i < n_brokers; i++) {
    Ptr<Node> node = network.AddHost();
    Address address = network.Connect(node, hosts[i], false);
    dashboards.push_back(std::make_unique<Dashboard>(&ledger, node, address));
    brokers[i]->SetDashboard(dashboards[i].get());
  }
  Simulator::Stop(Seconds(WARMUP + DURATION + DRAIN));
  Simulator::Run();
  ledger.Print();
  Simulator::Destroy();
}

} // namespace

int
main(int argc, char **argv)
{
  if (argc == 1) {
    std::printf("ns-3 %u.%u, %s build\n", Version::Major(), Version::Minor(),
                Version::BuildProfile().c_str());
    return 0;
  }
  uint32_t publishers = 0, brokers = 0;
  uint64_t run = 0;
  Configure();
  CommandLine line;
  line.AddNonOption("publishers", "how many", publishers);
  line.AddNonOption("brokers", "that share them", brokers);
  line.AddNonOption("run", "the number of the random numbers", run);
  line.Parse(argc, argv);
  if (brokers == 0 || brokers > publishers) {
    std::fprintf(stderr, "fleet-ns3: a publisher for each broker at least, and a broker\n");
    return 2;
  }
  RngSeedManager::SetRun(run);
  RunFleet(publishers, brokers);
  return 0;
}
