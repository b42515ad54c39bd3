// The place of a decision in words; see origin.hpp.
#include "routing/origin.hpp"

#include "base/text.hpp"

namespace tern::routing {

std::string Origin::to_string() const {
    return line == 0 ? file : concat(file, ", line ", line);
}

}  // namespace tern::routing
