// The words of an outcome; see outcome.hpp.
#include "delivery/outcome.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tern::delivery {
namespace {

std::string on_one_line(std::string words) {
    while (words.ends_with('\n')) words.pop_back();
    std::ranges::replace(words, '\n', ' ');
    return words;
}

}  // namespace

std::string Outcome::words() const {
    std::string words =
        failure_text(*failure, peer, circumstances.in_doubt, circumstances.requirement);
    if (circumstances.tls_failed && !circumstances.secured && asks_for_tls(*failure))
        words += concat("The session was not encrypted: ", on_one_line(tls_trouble), "\n");
    if (!certificate_trouble.empty())
        words +=
            concat("The session did not use the client certificate: ", certificate_trouble, "\n");
    return words;
}

RecipientReport Outcome::fate() const {
    return {letter() == Letter::rejected ? 'h' : 's', words()};
}

}  // namespace tern::delivery
