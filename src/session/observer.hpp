// Who listens to a session in order to explain it (a transcript). It learns what crosses the wire
// but no secret and no message, and changes nothing.
#pragma once

#include <string_view>

#include "base/failure.hpp"
#include "smtp/reply.hpp"
#include "tls/tls_stream.hpp"

namespace tern::session {

class Observer {
public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    /// A command that is about to be written, without its line end. What is said while AUTH is
    /// under way is hidden: `AUTH PLAIN ****`, `****`.
    virtual void said(std::string_view command) = 0;
    /// A complete reply; of those during AUTH the code alone: a server may repeat what we said.
    virtual void heard(const smtp::Reply& reply) = 0;
    /// The handshake has ended, well or not; `stream` knows what was agreed and who answered.
    virtual void secured(const tls::TlsStream& stream) = 0;
};

/// Shows each command of a group; a message after BDAT is not shown.
void tell_said(Observer& observer, std::string_view group, Stage stage);
void tell_heard(Observer& observer, const smtp::Reply& reply, Stage stage);

}  // namespace tern::session
