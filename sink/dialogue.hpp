// What a connection carries: bytes in, bytes out, whatever the protocol. SMTP is in
// conversation.hpp, QMTP in qmtp_conversation.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sink/tls_facts.hpp"

namespace tern::sink {

class Dialogue {
public:
    /// What is to happen next, once the output has been sent.
    enum class Wish {
        input,  ///< more bytes of the client
        pause,  ///< wait for Settings::delay, then send the output, then resume()
        tls,    ///< a TLS handshake, then tls_began()
        close   ///< the end
    };

    Dialogue() = default;
    Dialogue(const Dialogue&) = delete;
    Dialogue& operator=(const Dialogue&) = delete;
    virtual ~Dialogue() = default;

    /// Says the greeting, where the protocol has one.
    virtual void greet() {}
    /// Bytes were read; called before take().
    virtual void input_arrived() = 0;
    /// Takes bytes as long as it wishes for input; gives how many it took.
    virtual std::size_t take(std::string_view input) = 0;
    /// The pause is over; `input_came` says whether the client went on meanwhile.
    virtual void resume(bool input_came) = 0;
    /// The handshake that it wished for went well.
    virtual void tls_began(const TlsFacts&) {}
    /// The client went on in clear where a handshake was due.
    virtual void clear_instead_of_tls() {}
    /// The connection is gone; notes it in the journal.
    virtual void ended(bool by_idle_limit) = 0;

    virtual Wish wish() const = 0;
    virtual std::string& output() = 0;
};

}  // namespace tern::sink
