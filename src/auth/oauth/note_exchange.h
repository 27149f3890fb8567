// Notes a request for a token as it may be kept, and cuts out of texts what was secret in it.
//
// Threads: any thread; no shared state.
#pragma once

#include <string>

#include "auth/oauth/token_call.h"
#include "auth/oauth/token_exchange.h"

namespace junctor::auth {

// Without these secrets, as they are and as they stand in URLs.
std::string without_secrets(std::string text, const FormFields& secrets);

// Everything secret that goes out with a request, also what was added to it last: a provider may repeat
// any of it in its error message.
FormFields sent_secrets(const ClientRequest& request, const FormFields& known);

// The request; secrets: what none of its texts may hold.
TokenExchange note_of(const ClientRequest& request, const FormFields& secrets, Timestamp started_at);
void note_answer(TokenExchange& note, const ClientResponse& answer);
// Of an answer that is no token's: of its JSON the names, and the values that are public by their name.
void note_members(TokenExchange& note, const ClientResponse& answer, const FormFields& secrets);
// Belongs to this connection: its integration, and no text with a secret of it.
void note_connection(TokenExchange& note, const vault::OpenConnection& connection);
// What the answer meant; secrets as above, to which the grant's tokens are added.
void note_outcome(TokenExchange& note, const TokenAnswer& outcome, const FormFields& secrets);

}  // namespace junctor::auth
