// Token requests whose run may not stand in the store yet.
#include "auth/oauth/token_service.h"
#include "base/log.h"

namespace junctor::auth {
namespace {

constexpr std::size_t most_late = 1'000;
// About four minutes in all: longer than a run without steps takes.
constexpr std::chrono::milliseconds first_late_pause{500}, last_late_pause{128'000};

}  // namespace

void TokenService::keep_late(const ConnectionKey& key, const std::string& run,
                             std::vector<TokenExchange> exchanges) {
  if (keeper_ == nullptr || run.empty() || exchanges.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || late_ >= most_late) return;
    ++late_;
  }
  auto late = std::make_shared<const TokenExchangeKeeper::LateExchanges>(
      TokenExchangeKeeper::LateExchanges{key.tenant, key.id, run, std::move(exchanges)});
  loop_.loop().post([this, late] {
    scope_->spawn([this, late](Fiber& fiber) {
      wait_for_run(fiber, *late);
      const std::lock_guard lock(mutex_);
      --late_;
    });
  });
}

// A run that is called for stands in the store when it is over.
void TokenService::wait_for_run(Fiber& fiber, const TokenExchangeKeeper::LateExchanges& late) {
  try {
    for (auto pause = first_late_pause; pause <= last_late_pause; pause *= 2) {
      if (keeper_->keep(fiber, late)) return;
      fiber.sleep_for(pause);
    }
  } catch (const Failure& failure) {
    log::write(log::Level::warning, "auth", "a token request is missing in the record of run {}: {}",
               late.run, failure.message());
  }
}

}  // namespace junctor::auth
