// AUTH as a server sees it; see server_login.hpp.
#include "support/server_login.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sink/base64.hpp"

namespace tern::test {

ServerLogin::State ServerLogin::begin(std::string_view command) {
    const std::string_view words = command.substr(std::min<std::size_t>(5, command.size()));
    const std::string_view name = words.substr(0, words.find(' '));
    const auto known = std::ranges::find(sink::mechanism_names, name);
    if (known == sink::mechanism_names.end()) return State::malformed;
    const auto mechanism = static_cast<sink::Mechanism>(known - sink::mechanism_names.begin());
    exchange_ = std::make_unique<sink::AuthExchange>(mechanism, users_, "server.example");
    if (name.size() == words.size()) return exchange_->begin(nullptr);
    const auto initial = sink::from_base64(words.substr(name.size() + 1));
    if (!initial) return State::malformed;
    return exchange_->begin(&*initial);
}

ServerLogin::State ServerLogin::respond(std::string_view line) {
    const auto response = sink::from_base64(line);
    return response ? exchange_->respond(*response) : State::malformed;
}

std::string ServerLogin::challenge() const {
    return concat("334 ", sink::to_base64(exchange_->challenge()));
}

}  // namespace tern::test
