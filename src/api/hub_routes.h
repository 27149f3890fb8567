// The web hub: a page and its files, served below /hub. It reads and acts through the management API
// alone, with the token that the person at it enters, so these routes ask for none.
//
//   GET /hub            → /hub/
//   GET /hub/{path}     the file; the page itself for a browser that navigates, so that links into it last
//
// Every answer forbids scripts, styles and connections of any other origin, and to be framed.
//
// Threads: any loop.
// Lifetime: the files outlive the routes.
#pragma once

#include <span>
#include <vector>

#include "api/hub_files.h"
#include "net/router.h"

namespace junctor::api {

std::vector<Route> hub_routes(std::span<const HubFile> files);

// The handler; but a browser that asks for "/" is led to the hub where the handler has nothing for it.
HttpHandler home_leads_to_hub(HttpHandler handler);

}  // namespace junctor::api
