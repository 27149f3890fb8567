#include "store/store.h"

#include <string_view>

#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace junctor {

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  constexpr std::string_view sqlite_scheme = "sqlite:";
  const std::string_view url = options.url;
  if (url.starts_with(sqlite_scheme) && url.size() > sqlite_scheme.size())
    return std::make_unique<sqlite::SqliteStore>(options, std::string(url.substr(sqlite_scheme.size())));
  if (url.starts_with("postgres://") || url.starts_with("postgresql://"))
    return std::make_unique<postgres::PostgresStore>(options);
  throw Failure(FailureKind::invalid,
                "a store's url is sqlite:<path of the database file> or postgres://…");
}

}  // namespace junctor
