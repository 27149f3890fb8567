#include "api/system_routes.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "engine/runs.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/queues.h"
#include "store/store.h"

namespace junctor::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families final {
 public:
  void add(const std::string& name, const char* help, MetricType type, Labels labels, double value) {
    auto [entry, added] = index_.emplace(name, families_.size());
    if (added) {
      families_.emplace_back();
      families_.back().name = name;
      families_.back().help = help;
      families_.back().type = type;
    }
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter) metric.counter.value = value;
    else metric.gauge.value = value;
    families_[entry->second].metric.push_back(std::move(metric));
  }
  void counter(const std::string& name, const char* help, Labels labels, auto value) {
    add(name, help, MetricType::Counter, std::move(labels), static_cast<double>(value));
  }
  void gauge(const std::string& name, const char* help, Labels labels, auto value) {
    add(name, help, MetricType::Gauge, std::move(labels), static_cast<double>(value));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::map<std::string, std::size_t> index_;
  std::vector<MetricFamily> families_;
};

void add_queues(Families& out, const queue::StatsKeeper::Report& report, Timestamp now) {
  std::int64_t unaccounted = 0;
  for (const queue::QueueStats& one : report.queues) {
    const Labels labels{{"tenant", one.tenant.text()}, {"queue", one.queue}};
    const auto state = [&](const char* name) {
      Labels with = labels;
      with.push_back({"state", name});
      return with;
    };
    const char* depth = "Messages in a queue, by state.";
    out.gauge("junctor_queue_messages", depth, state("ready"), one.ready);
    out.gauge("junctor_queue_messages", depth, state("delayed"), one.delayed);
    out.gauge("junctor_queue_messages", depth, state("leased"), one.leased);
    out.gauge("junctor_queue_messages", depth, state("behind"), one.behind_lane);
    out.gauge("junctor_queue_messages", depth, state("dead"), one.dead_letters);
    out.gauge("junctor_queue_oldest_seconds", "Age of the oldest message that is ready or being worked on.", labels,
              static_cast<double>(one.oldest_age.count()) / 1000);
    out.counter("junctor_queue_accepted_total", "Messages accepted.", labels, one.accepted);
    out.counter("junctor_queue_finished_total", "Messages finished.", labels, one.finished);
    out.counter("junctor_queue_retried_total", "Attempts that were repeated.", labels, one.retried);
    unaccounted += std::abs(one.unaccounted());
  }
  out.gauge("junctor_queue_count_age_seconds", "Age of these counts of the queues.", {},
            std::chrono::duration<double>(now - report.counted_at).count());
  out.gauge("junctor_unaccounted_messages",
            "Accepted minus finished, dead and waiting: anything but 0 is a lost or doubled message.",
            {}, unaccounted);
}

void add_process(Families& out, const SystemParts& parts) {
  const StoreStats store = parts.store.stats();
  out.counter("junctor_store_commits_total", "Commits of the store.", {}, store.commits);
  out.counter("junctor_store_closures_total", "Transactions in those commits.", {}, store.closures);
  out.counter("junctor_store_failed_total", "Transactions that ended with an error.", {}, store.failed);
  out.gauge("junctor_store_waiting", "Transactions that wait for the writer.", {}, store.waiting);
  const IntakeCounts& intake = parts.intake.counts();
  const char* help = "Webhook deliveries, by what became of them.";
  const std::string name = "junctor_webhook_deliveries_total";
  out.counter(name, help, {{"outcome", "accepted"}}, intake.accepted.load());
  out.counter(name, help, {{"outcome", "duplicate"}}, intake.duplicates.load());
  out.counter(name, help, {{"outcome", "ignored"}}, intake.ignored.load());
  out.counter(name, help, {{"outcome", "refused"}}, intake.refused.load());
  out.gauge("junctor_runs_running", "Runs in progress here.", {}, parts.reactor.running());
  for (const ServedCounts::Row& row : parts.served.rows()) {
    const Labels labels{{"method", row.method},
                        {"route", row.route},
                        {"status", std::to_string(row.status_class) + "xx"}};
    out.counter("junctor_http_requests_total", "Requests served.", labels, row.requests);
    out.counter("junctor_http_request_seconds_total", "Time spent on them.", labels, row.seconds);
  }
}

HttpResponse metrics(Fiber& fiber, const SystemParts& parts) {
  Families families;
  const auto report = parts.queues.stats().latest(fiber);
  add_queues(families, *report, parts.clock.now());
  add_process(families, parts);
  return HttpResponse::text(200, families.text(), "text/plain; version=0.0.4; charset=utf-8");
}

HttpResponse ready(Fiber& fiber, const SystemParts& parts) {
  if (parts.stopping)
    throw Failure(FailureKind::unavailable, "the engine is stopping").retry_after(std::chrono::seconds(5));
  parts.store.read(fiber, [](Snapshot& snapshot) { snapshot.query("SELECT 1"); });
  return HttpResponse::json(200, JsonObject{{"status", "ready"}});
}

}  // namespace

void ServedCounts::count(const ServedRequest& served) {
  // Methods outside the table would let a caller grow it without end.
  const std::string_view method =
      served.route.empty() ? std::string_view("other") : served.method;
  std::lock_guard lock(mutex_);
  Sum& sum = sums_[{std::string(method), std::string(served.route), served.status / 100}];
  ++sum.requests;
  sum.seconds += std::chrono::duration<double>(served.duration).count();
}

std::vector<ServedCounts::Row> ServedCounts::rows() const {
  std::lock_guard lock(mutex_);
  std::vector<Row> out;
  for (const auto& [key, sum] : sums_)
    out.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), sum.requests, sum.seconds});
  return out;
}

std::vector<Route> system_routes(const SystemParts& parts) {
  return {
      {"GET", "/healthz",
       [](Fiber&, HttpRequest&) { return HttpResponse::json(200, JsonObject{{"status", "ok"}}); }},
      {"GET", "/readyz", [parts](Fiber& fiber, HttpRequest&) { return ready(fiber, parts); }},
      {"GET", "/metrics", [parts](Fiber& fiber, HttpRequest&) { return metrics(fiber, parts); }},
  };
}

}  // namespace junctor::api
