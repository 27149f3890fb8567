#include "store/postgres/connect.h"

#include <string_view>

#include "base/log.h"

namespace junctor::postgres {
namespace {

std::string_view field(const PGresult* notice, int code) {
  const char* text = PQresultErrorField(notice, code);
  return text != nullptr ? std::string_view(text) : std::string_view();
}

log::Level level_of(std::string_view severity) {
  if (severity == "WARNING") return log::Level::warning;
  if (severity == "ERROR" || severity == "FATAL" || severity == "PANIC") return log::Level::error;
  if (severity.starts_with("DEBUG")) return log::Level::debug;
  return log::Level::info;  // NOTICE, INFO, LOG
}

// Without the detail, which may hold values of rows.
void log_notice(void*, const PGresult* notice) {
  const std::string_view hint = field(notice, PG_DIAG_MESSAGE_HINT);
  // libpq itself speaks without the severity that is not translated.
  const std::string_view plain = field(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  log::write(level_of(plain.empty() ? field(notice, PG_DIAG_SEVERITY) : plain), "store",
             "postgres: {}{}{}", field(notice, PG_DIAG_MESSAGE_PRIMARY), hint.empty() ? "" : "; ", hint);
}

}  // namespace

PGconn* connect(const std::string& url) {
  // A server warns already while a connection begins (of another version of a collation, for one),
  // and libpq takes a receiver only for a connection that has been begun: so it is begun again.
  PGconn* const connection = PQconnectStart(url.c_str());
  PQsetNoticeReceiver(connection, log_notice, nullptr);
  if (PQstatus(connection) != CONNECTION_BAD) PQreset(connection);
  return connection;
}

}  // namespace junctor::postgres
