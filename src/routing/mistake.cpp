// Sentences that several files share; see mistake.hpp.
#include "routing/mistake.hpp"

#include "base/text.hpp"

namespace tern::routing {

void MistakeList::add_overridden(std::size_t line, std::size_t by) {
    add_ignored(line, concat("line ", by,
                             " matches the same mail and overrides it (remove one of "
                             "the two)"));
}

}  // namespace tern::routing
