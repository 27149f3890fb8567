#include "engine/memos.h"

#include <boost/json.hpp>

#include "json/canonical.h"

namespace junctor {
namespace {

// By `memoize.key` over {input, vars}, else by the whole input. The version of the connection and the
// definition are part of it: what was kept for others counts no more.
connector::CacheKey key_of(const MemoQuestion& question) {
  Json what = question.input;
  const connector::CompiledExpression& key = question.action.memo_key;
  if (!key.empty())
    what = key.evaluate(JsonObject{{"input", question.input}, {"vars", question.vars}}).value_or(Json());
  const Integration& definition = question.integration.definition;
  return {question.tenant, question.connection,
          "memo/" + std::to_string(question.connection_version) + "/" + definition.slug + "@" +
              definition.version + "/" + question.action.definition->slug + "/" +
              question.action.fingerprint + "/" + json::fingerprint(what)};
}

}  // namespace

Json remembered(Fiber& fiber, connector::Caches& caches, const MemoQuestion& question,
                const CallTrace& trace, const std::function<Json()>& work) {
  const CacheSpec& spec = *question.action.definition->memoize;
  const connector::CacheKey key = key_of(question);
  if (auto kept = caches.get(fiber, spec.store, key)) return *std::move(kept);
  const std::int64_t cut_before = trace.listings_cut();
  Json output = work();
  if (trace.listings_cut() == cut_before)
    connector::keep_answer(fiber, caches, {key, spec, output, trace.secrets, connector::Redaction()});
  return output;
}

}  // namespace junctor
