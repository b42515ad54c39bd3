// The words of an outcome; see outcome.hpp.
#include "delivery/outcome.hpp"

#include "base/text.hpp"

namespace tern::delivery {

std::string Outcome::words() const {
    std::string words = failure_text(*failure, peer, circumstances.in_doubt,
                                     circumstances.requirement);
    if (circumstances.tls_failed && !circumstances.secured && asks_for_tls(*failure))
        words += text("The session was not encrypted: ", tls_trouble, "\n");
    if (!certificate_trouble.empty())
        words += text("The session went without our client certificate: ", certificate_trouble,
                      "\n");
    return words;
}

RecipientReport Outcome::fate() const {
    return {letter() == Letter::rejected ? 'h' : 's', words()};
}

}  // namespace tern::delivery
