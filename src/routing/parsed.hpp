// What parsers of control files give.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace tern::routing {

/// A value, or what is wrong with its text and how to fix it: one sentence without a full stop.
template <class T>
using Parsed = tl::expected<T, std::string>;

[[nodiscard]] inline tl::unexpected<std::string> wrong(std::string what) {
    return tl::unexpected<std::string>(std::move(what));
}

}  // namespace tern::routing
