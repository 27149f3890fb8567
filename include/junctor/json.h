// The project's JSON value is Boost.JSON's. Names for it, so that code reads the same everywhere.
#pragma once

#include <boost/json/fwd.hpp>

namespace junctor {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;
using JsonString = boost::json::string;

}  // namespace junctor
