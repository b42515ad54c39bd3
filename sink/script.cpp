// Looks up scripted answers; see script.hpp.
#include "sink/script.hpp"

#include <vector>

#include "sink/ascii.hpp"
#include "sink/command.hpp"

namespace tern::sink {

namespace {

bool is_rejected(const RejectedRecipient& rule, std::string_view address) {
    if (rule.address == "*") return true;
    if (!rule.address.empty() && rule.address.front() == '@')
        return same(domain_of(address), std::string_view(rule.address).substr(1));
    return same(rule.address, address);
}

}  // namespace

const ScriptedReply* Script::next(Stage stage) {
    const std::size_t index = static_cast<std::size_t>(stage);
    const std::vector<ScriptedReply>& script = settings_.script[index];
    if (script.empty()) return nullptr;
    std::size_t& position = position_[index];
    const ScriptedReply& reply = script[position];
    if (position + 1 < script.size()) ++position;
    return reply.kind == ScriptedReply::Kind::usual ? nullptr : &reply;
}

const ScriptedReply* rejection_of(const Settings& settings, std::string_view address) {
    for (const RejectedRecipient& rule : settings.rejected)
        if (is_rejected(rule, address)) return &rule.reply;
    return nullptr;
}

}  // namespace tern::sink
