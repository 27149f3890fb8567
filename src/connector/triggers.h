// Checks that actions and flows share.
//
// Threads: any thread.
#pragma once

#include "connector/validate.h"

namespace junctor::connector {

void check_triggers(const Integration& integration, const std::vector<Trigger>& triggers, const std::string& at,
                    Findings& out);
// Every one is a topic or a pattern of topics.
void check_topics(const std::vector<std::string>& topics, const std::string& at, Findings& out);

}  // namespace junctor::connector
