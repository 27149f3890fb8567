#include "queue/tables.h"

#include <cstring>

#include "base/crypto.h"

namespace junctor::queue {

LeaseRow read_lease(const Row& row) {
  return {row.int64(0),         TenantId(row.get<std::string>(1)),
          row.int64(2),         row.int64(3),
          row.get<int>(4),      row.int64(5),
          row.boolean(6),       row.int64(7),
          row.time(8),          row.get<std::string>(9)};
}

void read_content(const Row& row, int first, Message& message) {
  message.id = row.get<MessageId>(first);
  message.tenant = row.get<TenantId>(first + 1);
  message.partition_key = row.get<std::string>(first + 2);
  message.created_at = row.time(first + 3);
  message.event = row.get<std::optional<EventId>>(first + 4);
  message.topic = row.get<std::string>(first + 5);
  message.payload = row.get<std::string>(first + 6);
  message.headers = row.get<std::string>(first + 7);
}

// Random bytes bought in bulk: leases are taken by the ten thousand per second.
std::uint64_t random_bits() {
  thread_local std::string bytes;
  if (bytes.size() < 8) bytes = crypto::random_bytes(4'096);
  std::uint64_t value;
  std::memcpy(&value, bytes.data() + bytes.size() - 8, 8);
  bytes.resize(bytes.size() - 8);
  return value;
}

}  // namespace junctor::queue
