// Reading queues and their settings. Only for this room.
//
// Threads: the store's thread that reads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "queue/queues.h"

namespace junctor::queue {

std::optional<QueueInfo> find_queue(Snapshot& view, const TenantId& tenant, const std::string& name);
std::optional<QueueInfo> find_queue_by_id(Snapshot& view, std::int64_t id);
std::vector<QueueInfo> list_queues(Snapshot& view, const TenantId& tenant);

}  // namespace junctor::queue
