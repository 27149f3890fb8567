// Where judging may skip ahead: for every node and every kind of value, the node that really decides.
//
// A `$ref` without siblings, an `allOf` of one, and an `anyOf` or `oneOf` of which one alternative
// takes this kind all hand their value on unchanged; a node without rules for a kind accepts it. Only
// runs that answer yes or no skip: errors are told along the whole way.
//
// Invariants: 1. a shortcut gives the answer and the evaluated members of the node itself. 2. it is
// `always`, `never`, or a node whose `types` have the kind. 3. where references are dynamic it never
// leaves the resource, so that the dynamic scope stays what it was.
#pragma once

#include "json/schema_program.h"

namespace junctor::schema {

// Needs `plausible` of every node. Linear in the size of the program.
std::vector<NodeId> find_shortcuts(const Program& program);

}  // namespace junctor::schema
